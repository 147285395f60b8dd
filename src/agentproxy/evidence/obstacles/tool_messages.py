"""What tools print when they cannot fetch what they want, each in its own words. Pure."""

import re

from agentproxy.events.check import CannotRunKind

# A row for each tool, with the version whose words these are. Rows without a version were not
# tried with their tool.
_NEEDS_DOWNLOAD = (
    # uv 0.13
    r"unavailable because the network was disabled|Network connectivity is disabled",
    # pnpm 10 to 12
    r"ERR_PNPM_(?:NO_OFFLINE_(?:TARBALL|META)|META_FETCH_FAIL|FETCH_)",
    # corepack 0.34
    r"Network access disabled by the environment|Error when performing the request to https?://",
    # npm
    r"\bENOTCACHED\b|cache mode is 'only-if-cached'",
    # Yarn
    r"YN0056|Cache entry required but missing",
    # deno
    r"--cached-only is specified",
    # cargo
    r"--offline was specified|you(?:'re| are) in the offline mode|using offline mode \(via",
    # go
    r"(?:module lookup|download) disabled by GOPROXY=off",
    # Gradle, Maven
    r"available for offline mode|in offline mode and the artifact",
    r"Cannot access \S+ [^\n]{0,80}in offline mode",
    # NuGet
    r"error NU1301",
    # Composer
    r"Network disabled, request canceled",
    # Bundler
    r"Bundler::GemNotFound|Could not find \S+ in (?:any of the sources|locally installed gems)",
    # Playwright
    r"Executable doesn't exist at [^\n]{0,200}ms-playwright",
    # Hugging Face Hub, NLTK
    r"outgoing traffic has been disabled|Please use the NLTK Downloader",
)
_WRONG_VERSION = (
    # pnpm, corepack and Yarn
    r"ERR_PNPM_(?:BAD_PM_VERSION|UNSUPPORTED_ENGINE)",
    r"This project is configured to use (?:pnpm|yarn|npm|bun|v\d)",
    # Yarn, npm
    r"The engine \"\w+\" is incompatible|npm (?:error|ERR!) code EBADENGINE",
    # pyenv, rbenv, rustup, go
    r"(?:pyenv|rbenv|nodenv): version [`'][^\n']{1,60}' is not installed",
    r"error: toolchain '[^\n']{1,80}' is not installed|rustup could not choose a version of",
)
TOOL_MESSAGES: tuple[tuple[re.Pattern[str], CannotRunKind, str], ...] = (
    (
        re.compile("|".join(_NEEDS_DOWNLOAD)),
        "needs_download",
        "a tool wants to download what its cache does not have here",
    ),
    (
        re.compile("|".join(_WRONG_VERSION)),
        "wrong_tool_version",
        "a tool of another version is asked for",
    ),
)
