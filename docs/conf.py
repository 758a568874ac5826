"""Settings of Sphinx. Build with `make docs`; warnings are errors there."""

from __future__ import annotations

import askntell

project = "askntell"
author = "The askntell developers"
copyright = "the askntell developers"
release = version = askntell.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
default_role = "literal"  # `name` in docstrings
suppress_warnings = ["misc.highlighting_failure"]  # a template is JSON with holes

myst_heading_anchors = 3
myst_enable_extensions = ["deflist"]

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_class_signature = "mixed"
autodoc_preserve_defaults = True
# Attributes are described in the class docstring; as fields they would be listed a second time.
napoleon_use_ivar = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False

html_theme = "furo"
html_title = f"askntell {release}"
html_show_sphinx = False
html_show_sourcelink = False
