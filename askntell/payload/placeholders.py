"""``{name}`` in the words of a command and in templates. Never a shell, never `str.format`.

A text in braces is a placeholder if it is a known name; an identifier that is not known is an error; anything else
(``{}``, ``{1..3}``, ``{"a": 1}``) is left alone, so that JSON can be a template. ``{{name}}`` stands for ``{name}``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, final

from askntell._files import dump_json
from askntell.errors import PayloadError
from askntell.space import Scalar, SearchSpace
from askntell.trial import Segment

__all__ = ["Names", "Slot", "Text", "Value", "fill_json", "fill_text", "fill_words"]

BUILT_IN = ("segment", "number", "attempt", "folder", "inputs")

Value: TypeAlias = Scalar | Sequence[str]
"""What stands for a placeholder; only ``inputs`` is a sequence."""

_BRACES = re.compile(r"\{\{([^{}\n]+)\}\}|\{([^{}\n]+)\}")
_QUOTES = re.compile(r'\\.|"', re.DOTALL)


@final
@dataclass(frozen=True, slots=True)
class Slot:
    """A placeholder. `quoted` tells whether it stands between the quotes of a JSON string."""

    name: str
    quoted: bool = False


Text: TypeAlias = tuple[str | Slot, ...]
"""A word or a template, cut at its placeholders."""


@final
@dataclass(frozen=True, kw_only=True)
class Names:
    """The placeholders of a study.

    Attributes:
        known: All names.
        conditional: Parameters that are inactive in some trials.
        texts: Name to every text that may stand for it; a name whose values are numbers has none.
        lacking: Feature to the segments without it.
        ambiguous: Built-in names that a parameter has too.
    """

    known: tuple[str, ...]
    conditional: frozenset[str] = frozenset()
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lacking: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ambiguous: frozenset[str] = frozenset()

    @classmethod
    def of(cls, space: SearchSpace, segments: Sequence[Segment]) -> Names:
        """The parameters, features and built-in names.

        Raises:
            PayloadError: a feature has the name of a parameter or of a built-in placeholder.
        """
        parameters = space.parameters
        features = dict.fromkeys(key for segment in segments for key in segment.features)
        for key in features:
            if key in parameters or key in BUILT_IN:
                other = "parameter" if key in parameters else "built-in placeholder"
                raise PayloadError(f"the feature {key!r} has the name of a {other}", hint="rename the feature")
        values: dict[str, list[object]] = {
            name: [parameter.pick(cell) for cell in range(parameter.levels or 0)]
            for name, parameter in parameters.items()
            if parameter.kind in ("categorical", "ordinal", "constant")
        }
        values |= {key: [s.features[key] for s in segments if key in s.features] for key in features}
        values["segment"] = [segment.name for segment in segments]
        return cls(
            known=(*parameters, *features, *(name for name in BUILT_IN if name not in parameters)),
            conditional=frozenset(name for name, parameter in parameters.items() if parameter.when),
            texts={name: tuple(v for v in found if isinstance(v, str)) for name, found in values.items()},
            ambiguous=frozenset(BUILT_IN).intersection(parameters),
            lacking={key: tuple(s.name for s in segments if key not in s.features) for key in features},
        )

    def cut(self, text: str, where: Callable[[int], str], *, json: bool = False) -> Text:
        """Cut a text at its placeholders.

        Args:
            text: A word or a template.
            where: Names a position of the text in an error.
            json: Whether the text is JSON, where a value stands differently inside and outside of quotes.

        Raises:
            PayloadError: an unknown name, a format such as ``{lr:.3f}``, or a feature that some segments lack.
        """
        parts: list[str | Slot] = []
        end, quoted = 0, False
        for match in _BRACES.finditer(text):
            literal, name = match[1], match[2]
            if literal is not None:
                if literal not in self.known and not literal.isidentifier():
                    continue
            elif not self._is_slot(name, where(match.start())):
                continue
            before = text[end : match.start()]
            quoted ^= json and _odd_quotes(before)
            parts += [before, Slot(name, quoted) if literal is None else f"{{{literal}}}"]
            end = match.end()
        return tuple(part for part in (*parts, text[end:]) if part != "")

    def _is_slot(self, name: str, where: str) -> bool:
        if name not in self.known:
            if name.isidentifier():
                allowed = ", ".join(self.known)
                raise PayloadError(
                    f"{{{name}}} is no placeholder; allowed: {allowed}",
                    hint=f"for the text itself write {{{{{name}}}}}",
                    path=where,
                )
            if re.split("[:!]", name)[0] in self.known:
                raise PayloadError(f"{{{name}}}: values have no format; write the name alone", path=where)
            return False
        if name in self.ambiguous:
            raise PayloadError(
                f"{{{name}}} is a parameter and a built-in placeholder", hint="rename the parameter", path=where
            )
        lacking = self.lacking.get(name, ())
        if lacking:
            raise PayloadError(
                f"{{{name}}} is a feature that {len(lacking)} segment(s) lack, such as {lacking[0]!r}", path=where
            )
        return True

    def check_words(self, words: Sequence[Text]) -> None:
        """Refuse words that could not be filled, or not safely, in some trial.

        Raises:
            PayloadError: a text would be read as an option or cannot be an argument, the program may be missing, or
                ``{inputs}`` is a part of a word.
        """
        for position, word in enumerate(words):
            slots = [part for part in word if isinstance(part, Slot)]
            for slot in slots:
                if position == 0 and slot.name in self.conditional:
                    raise PayloadError(f"{{{slot.name}}} is inactive in some trials and cannot name the program")
                if slot.name == "inputs" and len(word) > 1:
                    raise PayloadError("{inputs} is several files: let it be a word of its own")
                for text in self.texts.get(slot.name, ()):
                    if "\0" in text:
                        raise PayloadError(f"{slot.name}={text!r} holds a NUL, which no argument can")
                    if slot is word[0] and position > 0:
                        _refuse_option(slot.name, text, text)


def fill_words(words: Iterable[Text], values: Mapping[str, Value]) -> list[str]:
    """The words of a command with their values.

    A word with a placeholder that has no value (an inactive parameter) is left out, and with it the word before if
    that is a bare option.

    Raises:
        PayloadError: a text would be read as an option.
    """
    made: list[str] = []
    option = False  # whether the last word made is literal, an option, and without a value of its own
    for word in words:
        slots = [part for part in word if isinstance(part, Slot)]
        if any(slot.name not in values for slot in slots):
            if option:
                made.pop()
            option = False
        elif len(word) == 1 and slots and slots[0].name == "inputs":
            made += _inputs(values)
            option = False
        else:
            text = fill_text(word, values)
            if made and slots and slots[0] is word[0] and isinstance(values[slots[0].name], str):
                _refuse_option(slots[0].name, values[slots[0].name], text)
            made.append(text)
            option = not slots and text.startswith("-") and "=" not in text and text != "--"
    return made


def fill_text(text: Text, values: Mapping[str, Value]) -> str:
    """A text with its values; a parameter that is inactive stands as ``none``."""
    return "".join(part if isinstance(part, str) else _shown(values.get(part.name)) for part in text)


def fill_json(text: Text, values: Mapping[str, Value]) -> str:
    """A JSON template with its values.

    Inside of quotes a value is escaped text. Outside it is a JSON value: texts get quotes, an inactive parameter is
    null, ``inputs`` is a list.
    """
    made = []
    for part in text:
        if isinstance(part, str):
            made.append(part)
        elif part.quoted:
            made.append(dump_json(_shown(values.get(part.name)))[1:-1])
        else:
            value = values.get(part.name)
            made.append(dump_json(_inputs(values) if part.name == "inputs" else value))
    return "".join(made)


def _inputs(values: Mapping[str, Value]) -> list[str]:
    found = values["inputs"]
    assert isinstance(found, Sequence)
    return list(found)


def _shown(value: Value) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int)):
        return str(value)
    return repr(value)


def _refuse_option(name: str, value: object, word: str) -> None:
    if word.startswith("-"):
        raise PayloadError(
            f"{name}={value!r} would stand as the word {word!r}, which a program reads as an option",
            hint=f"write --option={{{name}}}, or take a value that does not begin with '-'",
        )


def _odd_quotes(text: str) -> bool:
    return _QUOTES.findall(text).count('"') % 2 == 1
