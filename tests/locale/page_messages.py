"""What the account page says in English, as gettext's tools find it in the templates and the tables of words."""

from pathlib import Path

from babel.messages.extract import extract_from_dir

from profilegate.faces.account import fields

FOLDER = Path(fields.__file__).parent
TEMPLATES = FOLDER / "templates"

METHODS = [("templates/*.html", "jinja2.ext:babel_extract"), ("*.py", "python")]
OPTIONS = {"templates/*.html": {"trim_blocks": "true"}}
KEYWORDS = {"_": None, "gettext": None, "N_": None}

MESSAGES: set[str] = {
    message for _, _, message, _, _ in extract_from_dir(FOLDER, METHODS, OPTIONS, KEYWORDS) if isinstance(message, str)
}

EQUAL = {
    "de": {"Webhooks", "Website"},
    "es": {"Webhooks", "no"},
    "fr": {"Source", "Webhooks"},
}
"""The words that are the same in a language as in English."""
