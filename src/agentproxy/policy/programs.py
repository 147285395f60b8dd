"""The table of known programs and their rules."""

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


def prints(call: ProgramCall) -> Ruling:
    if call.name == "printf" and (call.has("-v") or hides_options(call.args[:1])):
        return Refer("printf may set a variable")
    return Allow() if call.name in TALKS else call.reads(pathlike((*call.args, *call.values())))


def command(call: ProgramCall) -> Ruling:
    # With -v or -V, `command` prints where a program is and does not run it.
    if call.texts[:1] in (("-v",), ("-V",)):
        return Allow()
    return wrappers.looks_through(flags="p")(call)


def asks(why: str) -> ProgramRule:
    def rule(call: ProgramCall) -> Ruling:
        return Refer(f"{call.name} {why}")

    return rule


def destroys(call: ProgramCall) -> Ruling:
    return Refuse(f"{call.name} destroys or stops more than the tree")


def _known() -> dict[str, ProgramRule]:
    found: dict[str, ProgramRule] = {}
    _rules(found, PRINTS, prints)
    _rules(found, files.READERS, files.reader)
    _rules(found, ("test", "[", "[["), files.condition)
    _rules(found, files.WRITERS, files.writer)
    _rules(found, tools.BUILDERS, tools.builder)
    _rules(found, tools.GOALS, tools.goals)
    _rules(found, (*tools.SUBCOMMANDS, "pip3", "pipenv"), tools.packages)
    _rules(found, ("npx", "bunx", "pnpx", "uvx"), tools.npx)
    _rules(found, INTERPRETERS, tools.interpreter)
    _rules(found, SHELLS, wrappers.shell)
    _rules(found, REACHES_OUT, asks("reaches other machines"))
    _rules(found, PUBLISHES, asks("publishes"))
    _rules(found, INSTALLS, asks("installs packages"))
    _rules(found, CONTROLS, asks("changes more than files of the tree"))
    _rules(found, DESTROYS, destroys)
    _rules(found, OTHER_RIGHTS, wrappers.sudo)
    _rules(found, DECLARES, wrappers.declare)
    return found | SINGLE


SINGLE: dict[str, ProgramRule] = {
    "git": git,
    "cp": files.cp,
    "rm": files.rm,
    "chmod": files.chmod,
    "tar": files.tar,
    "dd": files.dd,
    "sed": files.sed,
    "awk": files.awk,
    "gawk": files.awk,
    "mawk": files.awk,
    "find": files.find,
    "env": wrappers.env,
    "xargs": wrappers.xargs,
    "eval": wrappers.eval_line,
    "source": wrappers.source,
    ".": wrappers.source,
    "for": wrappers.for_loop,
    # A `cd` at the start of a command is followed. Here it is behind a wrapper.
    "cd": asks("to a folder that is not followed"),
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
    "command": command,
    "builtin": wrappers.looks_through(),
    "exec": wrappers.looks_through(flags="cl", valued="a"),
    "caffeinate": wrappers.looks_through(flags="dimsu"),
    "xvfb-run": wrappers.looks_through(flags="a"),
}
KNOWN = _known()
