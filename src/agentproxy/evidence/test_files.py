"""Which files belong to tests, by the conventions of the common runners."""

import re

__test__ = False  # pytest would look for tests in a module of this name

# Folders that a runner, a build tool or a language reserves for tests. `testing` and `spec` are
# not among them: they often hold code that is delivered.
_FOLDER = re.compile(
    r"[Tt]ests?|__tests__|__snapshots__|__mocks__|testdata"
    r"|(?:integration|functional|android|common|jvm|js|native|unit)Test"  # Gradle's source sets
    r"|[A-Za-z0-9.]+\.(?:Unit|Integration|Functional)?Tests?"  # a project of .NET
)
_JAVASCRIPT = r"(?:[cm]?[jt]sx?|coffee|vue|svelte)"
_COMPILED = r"(?:c|cc|cpp|cxx|h|hpp|go|rs|zig|dart|swift|lua|pl|exs|ml|hs|clj|php)"
_CAMEL = r"(?:java|kt|kts|cs|fs|vb|php|swift|scala|groovy)"
_NAME = re.compile(
    r"conftest\.py|tests?\.py|(?:test_.*|test[A-Z0-9].*|Test[A-Z].*|.*_tests?)\.py"
    rf"|(?:test|.*[._-](?:tests?|specs?|test-d|e2e-spec|cy))\.{_JAVASCRIPT}(?:\.snap)?"
    r"|.*[a-z0-9]Spec\.(?:[cm]?js|scala|groovy)"
    rf"|(?:tests?|test_.*|.*_(?:tests?|unittest))\.{_COMPILED}"
    r"|(?:test_.*|.*_(?:test|spec)|(?:spec|rails|test)_helper)\.rb|.*_spec\.lua"
    r"|.+\.t"
    rf"|(?:Test[A-Z0-9].*|.*(?:Tests?|TestCase))\.{_CAMEL}"
    r"|.*[a-z0-9]IT\.(?:java|kt|groovy)"
)
# RSpec keeps shared examples and fixtures here, under any name.
_RSPEC = re.compile(r"spec/.*|.*/spec/(?:.*\.rb|fixtures/.*)")


def is_test_file(path: str) -> bool:
    *folders, name = path.split("/")
    if any(_FOLDER.fullmatch(folder) for folder in folders):
        return True
    return _NAME.fullmatch(name) is not None or _RSPEC.fullmatch(path) is not None
