"""Go, cargo and Maven: a check finds their caches, and what they hold is left alone."""

import hashlib
import io
import json
import shutil
import tarfile
import zipfile
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from support.environments import as_user, new_project, picture
from support.front_door import Pa, Ran
from support.real_tools import compiled_by_go, install_as, programs_of
from support.servers import answering

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

CHECKED = "discovered = false\n"


def proves(ran: Ran, check: str) -> None:
    found = ran.of_kind("check_finished")[0]["result"]
    assert ran.finding(check)["finding"] == "proven", (ran.finding(check), found["output"])
    assert ran.code == 0


def test_go_finds_its_modules(pa: Pa, tmp_path: Path) -> None:
    proxy = tmp_path / "proxy/example.org/odd/@v"
    proxy.mkdir(parents=True)
    module = "module example.org/odd\n\ngo 1.22\n"
    (proxy / "v1.0.0.info").write_text('{"Version": "v1.0.0", "Time": "2026-01-01T00:00:00Z"}')
    (proxy / "v1.0.0.mod").write_text(module)
    with zipfile.ZipFile(proxy / "v1.0.0.zip", "w") as archive:
        archive.writestr("example.org/odd@v1.0.0/go.mod", module)
        archive.writestr("example.org/odd@v1.0.0/odd.go", "package odd\n\nconst One = 1\n")
    files = {
        "go.mod": "module example.org/demo\n\ngo 1.22\n\nrequire example.org/odd v1.0.0\n",
        "calc.go": (
            'package demo\n\nimport "example.org/odd"\n\n'
            "func Add(a, b int) int { return (a - b) * odd.One }\n"
        ),
        "calc_test.go": (
            'package demo\n\nimport "testing"\n\n'
            "func TestAdd(t *testing.T) {\n\tif Add(2, 3) != 5 {\n\t\tt.Fatal()\n\t}\n}\n"
        ),
    }
    new_project(pa, {**files, "agentproxy.toml": CHECKED + compiled_by_go()})
    offline = {"GOPROXY": f"file://{tmp_path}/proxy", "GOSUMDB": "off", "GOTOOLCHAIN": "local"}
    user = as_user(tmp_path / "user", programs_of("go"), **offline)
    install_as("go mod tidy", user, cwd=pa.project)
    pa.commit("The sums")
    assert pa("trust", env=user).code == 0
    before = picture(tmp_path / "user/go")
    worker = "sed -i 's/a - b/a + b/' calc.go"
    ran = pa.task("--check", "go test ./...", "--max-rounds", "1", worker=worker, env=user)
    proves(ran, "go test")
    assert picture(tmp_path / "user/go") == before


@contextmanager
def serving(folder: Path) -> Generator[int]:
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with answering(ThreadingHTTPServer(("127.0.0.1", 0), handler)) as port:
        yield port


def new_registry(folder: Path, port: int) -> None:
    """A registry of cargo with one crate, as it is served over HTTP."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        manifest = '[package]\nname = "odd"\nversion = "1.0.0"\nedition = "2021"\n'
        files = {"Cargo.toml": manifest, "src/lib.rs": "pub const ONE: i32 = 1;\n"}
        for name, text in files.items():
            entry = tarfile.TarInfo(f"odd-1.0.0/{name}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    crate = packed.getvalue()
    line: dict[str, object] = {
        "name": "odd", "vers": "1.0.0", "deps": [], "features": {}, "yanked": False,
        "cksum": hashlib.sha256(crate).hexdigest(),
    }  # fmt: skip
    (folder / "3/o").mkdir(parents=True)
    (folder / "3/o/odd").write_text(f"{json.dumps(line)}\n")
    (folder / "odd.crate").write_bytes(crate)
    address = f"http://127.0.0.1:{port}"
    (folder / "config.json").write_text(json.dumps({"dl": f"{address}/{{crate}}.crate"}))


@pytest.mark.skipif(shutil.which("cargo") is None, reason="needs cargo")
def test_cargo_finds_its_registry(pa: Pa, tmp_path: Path) -> None:
    registry = tmp_path / "registry"
    registry.mkdir()
    with serving(registry) as port:
        new_registry(registry, port)
        source = f'[source.here]\nregistry = "sparse+http://127.0.0.1:{port}/"\n'
        files = {
            ".cargo/config.toml": f'[source.crates-io]\nreplace-with = "here"\n{source}',
            "Cargo.toml": (
                '[package]\nname = "demo"\nversion = "1.0.0"\nedition = "2021"\n'
                '[dependencies]\nodd = "1.0.0"\n'
            ),
            "src/lib.rs": (
                "pub fn add(a: i32, b: i32) -> i32 {\n    (a - b) * odd::ONE\n}\n\n"
                "#[test]\nfn adds() {\n    assert_eq!(add(2, 3), 5);\n}\n"
            ),
            ".gitignore": "target/\n",
            "agentproxy.toml": CHECKED,
        }
        new_project(pa, files)
        cargo = Path(str(shutil.which("cargo"))).parent
        home = tmp_path / "user"
        user = as_user(home, cargo, RUSTUP_HOME=str(cargo.parent.parent / ".rustup"))
        install_as("cargo fetch", user, cwd=pa.project)
        (home / ".cargo/credentials.toml").write_text("token")
    pa.commit("The lock")
    before = picture(home / ".cargo")
    worker = "sed -i 's/a - b/a + b/' src/lib.rs"
    check = "cargo test && test ! -e ~/.cargo/credentials.toml"
    ran = pa.task("--check", check, "--max-rounds", "1", worker=worker, env=user)
    proves(ran, "cargo test")
    assert picture(home / ".cargo") == before


LOCAL = Path.home() / ".m2/repository"
SUREFIRE, JUNIT = "3.2.5", "5.10.2"
POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>org.example</groupId><artifactId>demo</artifactId><version>1</version>
<properties><maven.compiler.source>17</maven.compiler.source>
<maven.compiler.target>17</maven.compiler.target>
<project.build.sourceEncoding>UTF-8</project.build.sourceEncoding></properties>
<dependencies><dependency><groupId>org.junit.jupiter</groupId><artifactId>junit-jupiter</artifactId>
<version>{JUNIT}</version><scope>test</scope></dependency></dependencies>
<build><plugins>
<plugin><artifactId>maven-resources-plugin</artifactId><version>3.3.1</version></plugin>
<plugin><artifactId>maven-compiler-plugin</artifactId><version>3.11.0</version></plugin>
<plugin><artifactId>maven-surefire-plugin</artifactId><version>{SUREFIRE}</version></plugin>
</plugins></build></project>
"""


@pytest.mark.skipif(
    shutil.which("mvn") is None or not (LOCAL / "org/junit/jupiter/junit-jupiter" / JUNIT).is_dir(),
    reason="needs Maven, and what it fetches in its repository",
)
def test_maven_finds_its_repository(pa: Pa) -> None:
    files = {
        "pom.xml": POM,
        "src/main/java/Calc.java": (
            "public class Calc {\n    static int add(int a, int b) { return a - b; }\n}\n"
        ),
        "src/test/java/CalcTest.java": (
            "import org.junit.jupiter.api.Test;\n"
            "import static org.junit.jupiter.api.Assertions.assertEquals;\n\n"
            "public class CalcTest {\n    @Test\n"
            "    public void adds() { assertEquals(5, Calc.add(2, 3)); }\n}\n"
        ),
        ".gitignore": "target/\n",
        "agentproxy.toml": CHECKED,
    }
    new_project(pa, files)
    worker = "sed -i 's/a - b/a + b/' src/main/java/Calc.java"
    ran = pa.task("--check", "mvn -o -q test", "--max-rounds", "1", worker=worker)
    proves(ran, "mvn")
