"""Files that code reads for its results: templates, texts and tables. Pure."""

import re

_DATA = re.compile(
    r".*\.(?:html?|jinja2?|j2|tmpl|tpl|mustache|hbs|ejs|njk|liquid|txt|sql|csv|tsv|graphql|css|xml|po"
    r"|ftl)"
)
# At the root these are mostly settings of tools.
_IN_FOLDER = re.compile(r"(?:.*/)(?!package\.json|tsconfig)[^/.][^/]*\.(?:json|ya?ml|toml)")
_SETTINGS = re.compile(
    r"(?:.*/)?(?:requirements[^/]*\.txt|constraints[^/]*\.txt|[^/]*\.lock|pnpm-[^/]*"
    r"|package-lock\.json|pyproject\.toml|pom\.xml|CMakeLists\.txt|(?:docker-)?compose[^/]*"
    r"|[^/]*\.config\.[^/]*|pubspec\.ya?ml|Cargo\.toml)"
    r"|(?:.*/)?\.(?!well-known/)[^/]*/.*"
)


def is_data(path: str) -> bool:
    """Whether a change of the file is a change of what the code says, and not of how it runs."""
    return _SETTINGS.fullmatch(path) is None and (
        _DATA.fullmatch(path) is not None or _IN_FOLDER.fullmatch(path) is not None
    )
