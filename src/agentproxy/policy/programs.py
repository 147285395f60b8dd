"""Every program that is known, and its rule."""

from collections.abc import Iterable

from agentproxy.policy import files, tools, wrappers
from agentproxy.policy.calls import ProgramCall, ProgramRule, hides_options, names, pathlike
from agentproxy.policy.git import git
from agentproxy.policy.rulings import Allow, Refer, Refuse, Ruling

PRINTS = names(
    "echo printf true false : pwd whoami id date uname sleep seq which type expr wait exit",
    "return break continue set shift nproc arch hostname df free uptime ps jobs tty locale groups",
    "getconf lscpu printenv cal tput clear",
)
TALKS = names("echo printf true false : expr seq set exit return")
SHELLS = names("sh bash zsh dash ksh ash fish mksh rbash")
FETCHERS = names("curl wget fetch http https aria2c lynx w3m links axel")
INTERPRETERS = names("python python2 python3 node nodejs ruby perl php lua Rscript tclsh")
REACHES_OUT = FETCHERS | names(
    "ssh scp sftp rsync ftp telnet nc ncat netcat socat ping traceroute dig nslookup host whois gh",
    "glab hub aws gcloud az kubectl helm terraform tofu ansible ansible-playbook flyctl fly heroku",
    "vercel netlify wrangler firebase doctl rclone s3cmd gsutil mail sendmail psql mysql mongosh",
    "redis-cli openssl tailscale ngrok cloudflared claude codex gemini opencode aider",
)
PUBLISHES = names("twine flit semantic-release lerna goreleaser changeset vsce cargo-release")
INSTALLS = names(
    "apt apt-get aptitude dpkg yum dnf rpm pacman apk brew snap flatpak port nix nix-env nix-shell",
    "pipx conda mamba micromamba easy_install corepack nvm pyenv rbenv asdf mise volta sdk cpan",
    "luarocks",
)
CONTROLS = names(
    "systemctl service launchctl initctl rc-service crontab at batch kill pkill killall chown",
    "chgrp",
    "docker podman docker-compose nerdctl buildah lxc vagrant virsh minikube kind mount umount",
    "ifconfig ip iptables nft route sysctl modprobe insmod useradd usermod passwd chsh visudo",
    "chattr setfacl setcap trap alias unalias enable dirs pushd popd ulimit umask chroot unshare",
)
DESTROYS = names("mkfs fdisk parted wipefs shutdown reboot halt poweroff init telinit swapoff")
DECLARES = names("export declare typeset local readonly unset read")
OTHER_RIGHTS = names("sudo su doas pkexec runuser run0 gosu")


def _rules(found: dict[str, ProgramRule], programs: Iterable[str], rule: ProgramRule) -> None:
    found.update(dict.fromkeys(programs, rule))


def allowed(call: ProgramCall) -> Ruling:
    """Nothing it can be told does harm, as long as it opens no file."""
    if call.name == "printf" and (call.has("-v") or hides_options(call.args[:1])):
        return Refer("printf may set a variable")
    return Allow() if call.name in TALKS else call.reads(pathlike((*call.args, *call.values())))


def looked_up(call: ProgramCall) -> Ruling:
    """The ruling on `command`: with `-v` it only tells where a program is."""
    if call.texts[:1] in (("-v",), ("-V",)):
        return Allow()
    return wrappers.looks_through(flags="p")(call)


def asked(why: str) -> ProgramRule:
    """A rule that always asks."""

    def rule(call: ProgramCall) -> Ruling:
        return Refer(f"{call.name} {why}")

    return rule


def denied(call: ProgramCall) -> Ruling:
    """Never."""
    return Refuse(f"{call.name} destroys or ends more than the tree")


def _known() -> dict[str, ProgramRule]:
    found: dict[str, ProgramRule] = {}
    _rules(found, PRINTS, allowed)
    _rules(found, files.READERS, files.reader)
    _rules(found, ("test", "[", "[["), files.tester)
    _rules(found, files.WRITERS, files.writer)
    _rules(found, tools.BUILDERS, tools.builder)
    _rules(found, tools.GOALS, tools.goals)
    _rules(found, (*tools.SUBCOMMANDS, "pip3", "pipenv"), tools.packages)
    _rules(found, ("npx", "bunx", "pnpx", "uvx"), tools.fetched)
    _rules(found, INTERPRETERS, tools.interpreter)
    _rules(found, SHELLS, wrappers.shell)
    _rules(found, REACHES_OUT, asked("reaches other machines"))
    _rules(found, PUBLISHES, asked("publishes"))
    _rules(found, INSTALLS, asked("installs packages"))
    _rules(found, CONTROLS, asked("changes more than files of the tree"))
    _rules(found, DESTROYS, denied)
    _rules(found, OTHER_RIGHTS, wrappers.with_other_rights)
    _rules(found, DECLARES, wrappers.exporting)
    return found | SINGLE


SINGLE: dict[str, ProgramRule] = {
    "git": git,
    "cp": files.copier,
    "rm": files.remover,
    "chmod": files.changer_of_modes,
    "tar": files.archiver,
    "dd": files.copier_of_blocks,
    "sed": files.sed,
    "awk": files.awk,
    "gawk": files.awk,
    "mawk": files.awk,
    "find": files.find,
    "env": wrappers.env,
    "xargs": wrappers.xargs,
    "eval": wrappers.evaluation,
    "source": wrappers.sourced,
    ".": wrappers.sourced,
    "for": wrappers.looping,
    "cd": asked("to a folder that is not followed"),
    "timeout": wrappers.looks_through(
        flags="fv",
        valued="ks",
        known=("--preserve-status", "--foreground", "--kill-after=", "--signal="),
        skip=1,
    ),
    "time": wrappers.looks_through(flags="pv", valued="f"),
    "nohup": wrappers.looks_through(),
    "nice": wrappers.looks_through(valued="n", known=("--adjustment=",)),
    "ionice": wrappers.looks_through(flags="t", valued="cn"),
    "stdbuf": wrappers.looks_through(valued="ioe", known=("--input=", "--output=", "--error=")),
    "setsid": wrappers.looks_through(flags="cfw", known=("--wait", "--fork", "--ctty")),
    "command": looked_up,
    "builtin": wrappers.looks_through(),
    "exec": wrappers.looks_through(flags="cl", valued="a"),
    "caffeinate": wrappers.looks_through(flags="dimsu"),
    "xvfb-run": wrappers.looks_through(flags="a"),
}
KNOWN = _known()
