"use strict";
// Conveniences only: without this script every table of the page is complete and readable.
(() => {
  const make = (tag, text) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    return element;
  };

  // --- tables: a click on a heading sorts, a text box hides rows that do not match -----------------------------
  const key = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.v === undefined ? cell.textContent.trim() : cell.dataset.v === "" ? null : Number(cell.dataset.v);
  };
  const compare = (a, b, sign) => {
    if (a === null || b === null) return (a === null) - (b === null); // what is unknown stays at the end
    return sign * (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), undefined, { numeric: true }));
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    const headings = [...table.tHead.rows[0].cells];
    headings.forEach((heading, column) => {
      const button = make("button", heading.textContent);
      button.type = "button";
      button.title = "Sort by this column";
      heading.replaceChildren(button);
      button.addEventListener("click", () => {
        const ascending = heading.getAttribute("aria-sort") !== "ascending";
        headings.forEach((other) => other.removeAttribute("aria-sort"));
        heading.setAttribute("aria-sort", ascending ? "ascending" : "descending");
        const rows = [...table.tBodies[0].rows];
        rows.sort((a, b) => compare(key(a, column), key(b, column), ascending ? 1 : -1));
        table.tBodies[0].append(...rows);
      });
    });
    if (table.tBodies[0].rows.length > 20) {
      const box = make("input");
      box.type = "search";
      box.placeholder = "Show rows that contain ...";
      box.setAttribute("aria-label", "Show rows that contain this text");
      const controls = make("div");
      controls.className = "controls";
      controls.append(box);
      table.parentElement.before(controls);
      box.addEventListener("input", () => {
        const wanted = box.value.toLowerCase();
        for (const row of table.tBodies[0].rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
      });
    }
  }

  // --- the JSON of the best params ----------------------------------------------------------------------------
  for (const block of document.querySelectorAll("pre[data-copy]")) {
    const button = make("button", "Copy");
    button.type = "button";
    const controls = make("div");
    controls.className = "controls";
    controls.append(button);
    block.before(controls);
    button.addEventListener("click", () => {
      const done = () => { button.textContent = "Copied"; setTimeout(() => { button.textContent = "Copy"; }, 1500); };
      const select = () => {
        getSelection().selectAllChildren(block);
        button.textContent = "Selected: copy it with the keyboard";
      };
      if (navigator.clipboard) navigator.clipboard.writeText(block.textContent).then(done, select);
      else select();
    });
  }

  // --- pictures -----------------------------------------------------------------------------------------------
  const source = document.getElementById("figures");
  if (source === null || typeof Plotly === "undefined") return;
  const figures = JSON.parse(source.textContent);
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const paint = (figure) => {
    const text = colour("--text"), line = colour("--line");
    for (const trace of figure.data) {
      const tint = colour({ "-1": "--muted", "-2": "--text" }[trace.meta.colour] ?? `--c${trace.meta.colour}`);
      trace.line = { ...trace.line, color: tint };
      trace.marker = { ...trace.marker, color: tint };
    }
    const layout = {
      ...figure.layout, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: text, size: 13, family: "system-ui, sans-serif" },
      hoverlabel: { bgcolor: colour("--card"), bordercolor: line, font: { color: text } },
      modebar: { orientation: "v", bgcolor: "rgba(0,0,0,0)", color: colour("--soft"), activecolor: colour("--accent") },
    };
    for (const name of Object.keys(layout).filter((name) => /^[xy]axis/.test(name))) {
      layout[name] = { ...layout[name], gridcolor: line, linecolor: line, zerolinecolor: line };
    }
    return layout;
  };
  // Buttons are named one by one: some releases of plotly bring one that sends the data to a server.
  const buttons = [["toImage", "zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]];
  const config = { responsive: true, displaylogo: false, modeBarButtons: buttons, plotlyServerURL: "" };
  for (const figure of figures) {
    const place = document.getElementById(figure.key);
    const draw = () => Plotly.react(place, figure.data, paint(figure), config);
    draw().then(() => {
      if (figure.choices.length === 0) return;
      const list = make("select");
      figure.choices.forEach((choice, index) => { list.append(make("option", choice.name)); list.lastChild.value = index; });
      const title = make("label", "Segment: ");
      title.append(list);
      const controls = make("div");
      controls.className = "controls";
      controls.append(title);
      place.before(controls);
      const choose = (index) => {
        list.value = index;
        const chosen = figure.data.at(-1);
        chosen.x = figure.choices[index].x;
        chosen.y = figure.choices[index].y;
        figure.layout.datarevision = index;
        draw();
      };
      list.addEventListener("change", () => choose(Number(list.value)));
      place.on("plotly_click", (event) => {
        const point = event.points.find((point) => typeof point.customdata === "number");
        if (point !== undefined) choose(point.customdata);
      });
      choose(0);
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  }
})();
