"""Real runners of many languages, through the front door: judged by test, and never by silence."""

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from support.front_door import PATIENCE, Ran, new_pa
from support.real_tools import programs_of

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Kind:
    """A project whose `add` is wrong and whose `double` is right; both have a test."""

    tool: str  # from a registry
    command: str
    code: str  # the file of the code
    test: str  # the file of the tests; each test is on one line
    files: dict[str, str]
    names: tuple[str, str]  # of the tests of `add` and `double`
    program: tuple[str, str] = ("", "")  # of the machine, and its package of Debian
    fetched: str = ""  # what a user of the machine has fetched
    ends: str = "process.exit(0)"  # in place of `a - b`

    def worker(self, *edits: str) -> str:
        return "; ".join(f"sed -i '{edit}' {self.code}" for edit in edits)


JS_CODE = "export const add = (a, b) => a - b;\nexport const double = (a) => a * 2;\n"
POM = """\
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>p</groupId><artifactId>x</artifactId><version>1</version>
<properties>
<maven.compiler.source>17</maven.compiler.source><maven.compiler.target>17</maven.compiler.target>
<project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
</properties>
<dependencies><dependency>
<groupId>org.junit.jupiter</groupId><artifactId>junit-jupiter</artifactId>
<version>5.14.4</version><scope>test</scope>
</dependency></dependencies>
<build><plugins>
<plugin><artifactId>maven-resources-plugin</artifactId><version>3.3.1</version></plugin>
<plugin><artifactId>maven-compiler-plugin</artifactId><version>3.13.0</version></plugin>
<plugin><artifactId>maven-surefire-plugin</artifactId><version>3.2.5</version></plugin>
</plugins></build>
</project>
"""
KINDS = {
    "bun": Kind(
        "bun",
        "bun run test",
        "lib.js",
        "lib.test.js",
        {
            "package.json": '{"name": "x", "type": "module", "scripts": {"test": "bun test"}}',
            "lib.js": JS_CODE,
            "lib.test.js": "import { test, expect } from 'bun:test';\n"
            "import * as lib from './lib.js';\n"
            "test('adds', () => expect(lib.add(2, 3)).toBe(5));\n"
            "test('doubles', () => expect(lib.double(2)).toBe(4));\n",
        },
        ("lib.test.js::adds", "lib.test.js::doubles"),
    ),
    "deno": Kind(
        "deno",
        "deno task test",
        "lib.js",
        "lib_test.js",
        {
            "deno.json": '{"tasks": {"test": "deno test --no-check"}}',
            "lib.js": JS_CODE,
            "lib_test.js": "import assert from 'node:assert';\n"
            "import * as lib from './lib.js';\n"
            "Deno.test('adds', () => assert.equal(lib.add(2, 3), 5));\n"
            "Deno.test('doubles', () => assert.equal(lib.double(2), 4));\n",
        },
        ("lib_test.js::adds", "lib_test.js::doubles"),
        ends="Deno.exit(0)",
    ),
    "phpunit": Kind(
        "",
        "phpunit tests",
        "lib.php",
        "tests/LibTest.php",
        {
            "lib.php": "<?php\nfunction add($a, $b) { return $a - $b; }\n"
            "function double($a) { return $a * 2; }\n",
            "tests/LibTest.php": "<?php\nrequire_once __DIR__ . '/../lib.php';\n"
            "final class LibTest extends PHPUnit\\Framework\\TestCase {\n"
            "function testAdds() { $this->assertSame(5, add(2, 3)); }\n"
            "function testDoubles() { $this->assertSame(4, double(2)); }\n}\n",
        },
        ("tests/LibTest.php::LibTest::testAdds", "tests/LibTest.php::LibTest::testDoubles"),
        ("phpunit", "phpunit"),
        ends="exit(0)",
    ),
    "rspec": Kind(
        "",
        "make unit",
        "lib.rb",
        "spec/lib_spec.rb",
        {
            "Makefile": "unit:\n\trspec --format documentation\n",
            "lib.rb": "def add(a, b) = a - b\ndef twice(a) = a * 2\n",
            "spec/lib_spec.rb": "require_relative '../lib'\n"
            "RSpec.describe 'lib' do\n"
            "  it('doubles') { expect(twice(2)).to eq 4 }\n"
            "  it('adds') { expect(add(2, 3)).to eq 5 }\n"
            "end\n",
        },
        ("spec/lib_spec.rb::lib > adds", "spec/lib_spec.rb::lib > doubles"),
        ("rspec", "ruby-rspec"),
        ends="exit(0)",
    ),
    "minitest": Kind(
        "",
        "ruby -Itest test/lib_test.rb",
        "lib.rb",
        "test/lib_test.rb",
        {
            "lib.rb": "def add(a, b) = a - b\ndef twice(a) = a * 2\n",
            "test/lib_test.rb": "require 'minitest/autorun'\nrequire_relative '../lib'\n"
            "class LibTest < Minitest::Test\n"
            "  def test_doubles = assert_equal(4, twice(2))\n"
            "  def test_adds = assert_equal(5, add(2, 3))\n"
            "end\n",
        },
        ("test/lib_test.rb::LibTest > test_adds", "test/lib_test.rb::LibTest > test_doubles"),
        ("ruby", "ruby-minitest"),
        ends="exit(0)",
    ),
    # Minitest numbers the names of specifications by their place; a new one must rename none.
    "minitest spec": Kind(
        "",
        "ruby -Itest test/lib_test.rb",
        "lib.rb",
        "test/lib_test.rb",
        {
            "lib.rb": "def add(a, b) = a - b\ndef twice(a) = a * 2\n",
            "test/lib_test.rb": "require 'minitest/autorun'\nrequire_relative '../lib'\n"
            "describe 'lib' do\n"
            "  it('doubles') { assert_equal(4, twice(2)) }\n"
            "  it('adds') { assert_equal(5, add(2, 3)) }\n"
            "end\n",
        },
        ("test/lib_test.rb::lib > test_adds", "test/lib_test.rb::lib > test_doubles"),
        ("ruby", "ruby-minitest"),
        ends="exit(0)",
    ),
    "prove": Kind(
        "",
        "prove",
        "Lib.pm",
        "t/lib.t",
        {
            "Lib.pm": "package Lib;\nsub add { $_[0] - $_[1] }\nsub twice { $_[0] * 2 }\n1;\n",
            "t/lib.t": "use Test::More;\nuse lib '.';\nuse Lib;\n"
            "is(Lib::twice(2), 4, 'doubles');\nis(Lib::add(2, 3), 5, 'adds');\ndone_testing;\n",
        },
        ("t/lib.t::adds", "t/lib.t::doubles"),
        ("prove", "perl"),
        ends="exit 0",
    ),
    "ctest": Kind(
        "",
        "cmake -S . -B build && ctest --test-dir build",
        "lib.sh",
        "CMakeLists.txt",
        {
            "lib.sh": "add() { echo $((a - b)); }\ndouble() { echo $((a * 2)); }\n",
            "test.sh": "a=2 b=3\n. ./lib.sh\nsaid=$($1)\n"
            'test "$said" = "$2" || { echo "Assertion failed: $said is not $2"; exit 1; }\n',
            "CMakeLists.txt": "cmake_minimum_required(VERSION 3.20)\nproject(x NONE)\n"
            "enable_testing()\nset(IN WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})\n"
            "add_test(NAME adds COMMAND sh test.sh add 5 ${IN})\n"
            "add_test(NAME doubles COMMAND sh test.sh double 4 ${IN})\n",
        },
        ("adds", "doubles"),
        ("ctest", "cmake"),
        ends="",  # a test is a program, and passes where that ends with 0
    ),
}
SUREFIRE = Kind(
    "",
    "mvn -o -B test",
    "src/main/java/p/Lib.java",
    "src/test/java/p/LibTest.java",
    {
        ".gitignore": "target/\n",
        "pom.xml": POM,
        "src/main/java/p/Lib.java": "package p;\npublic class Lib {\n"
        "public static int add(int a, int b) { return a - b; }\n"
        "public static int twice(int a) { return a * 2; }\n}\n",
        "src/test/java/p/LibTest.java": "package p;\n"
        "import static org.junit.jupiter.api.Assertions.assertEquals;\n"
        "import org.junit.jupiter.api.Test;\nclass LibTest {\n"
        "@Test void adds() { assertEquals(5, Lib.add(2, 3)); }\n"
        "@Test void doubles() { assertEquals(4, Lib.twice(2)); }\n}\n",
    },
    (
        "src/test/java/p/LibTest.java::LibTest::adds",
        "src/test/java/p/LibTest.java::LibTest::doubles",
    ),
    ("mvn", "maven"),
    ".m2/repository/org/apache/maven/surefire/surefire-junit-platform/3.2.5",
)
# Gradle of Debian, which needs no network for what Debian has.
GRADLE = replace(
    SUREFIRE,
    command="gradle --offline --no-daemon test",
    files={
        ".gitignore": "build/\n.gradle/\n",
        "build.gradle": "apply plugin: 'java'\n"
        "dependencies { testCompile files('/usr/share/java/junit4.jar',"
        " '/usr/share/java/hamcrest-core.jar') }\n",
        SUREFIRE.code: SUREFIRE.files[SUREFIRE.code],
        SUREFIRE.test: SUREFIRE.files[SUREFIRE.test]
        .replace("jupiter.api.Assertions", "Assert")
        .replace("jupiter.api.", "")
        .replace("class LibTest", "public class LibTest")
        .replace("@Test void", "@Test public void"),
    },
    program=("gradle", "gradle junit4"),
    fetched="",
)
MENDED = r"s/a - \(.\?\)b/a + \1b/; s/] - /] + /"


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


def ran(kind: Kind, folder: Path, worker: str, *, patience: float = PATIENCE) -> Ran:
    program, package = kind.program
    if program and shutil.which(program) is None:
        pytest.skip(f"{program} is not installed: apt-get install {package}")
    if not (Path.home() / kind.fetched).exists():
        pytest.skip(f"~/{kind.fetched} is not there: mvn has to fetch it once")
    pa = new_pa(folder, kind.files)
    path = [str(programs_of(kind.tool))] if kind.tool else []
    pa.env["PATH"] = os.pathsep.join([*path, pa.environment()["PATH"]])
    options = ("--max-rounds", "1", "--judge", "none")
    return pa.task(*options, "--check", kind.command, worker=worker, patience=patience)


def test_a_mended_test_is_named_and_verified(kind: Kind, tmp_path: Path) -> None:
    done = ran(kind, tmp_path, kind.worker(MENDED))
    assert (done.code, done.finding(kind.command)["fixed"]) == (0, [kind.names[0]])


def test_a_test_that_breaks_is_named_and_refutes(kind: Kind, tmp_path: Path) -> None:
    done = ran(kind, tmp_path, kind.worker(MENDED, "s/ [*] 2/ * 3/"))
    assert (done.code, done.finding(kind.command)["finding"]) == (1, "refuted")
    assert kind.names[1] in done.finding(kind.command)["reason"]


def test_a_test_that_is_deleted_is_named(kind: Kind, tmp_path: Path) -> None:
    done = ran(kind, tmp_path, f"{kind.worker(MENDED)}; sed -i /oubles/d {kind.test}")
    assert (done.code, done.finding(kind.command)["finding"]) == (3, "unverified")
    assert kind.names[1] in done.finding(kind.command)["reason"]


def test_a_process_that_ends_with_0_before_its_runner_passes_nothing(
    kind: Kind, tmp_path: Path
) -> None:
    if not kind.ends:
        pytest.skip("each test is a process of its own")
    done = ran(kind, tmp_path, kind.worker(f"s/a - b\\|.a - .b\\|._.0. - .*]/{kind.ends}/"))
    assert (done.code, done.finding(kind.command)["finding"]) == (1, "refuted")


def test_two_runs_in_one_command_are_judged_together(kind: Kind, tmp_path: Path) -> None:
    twice = replace(kind, command=f"{kind.command} && {kind.command}")
    done = ran(twice, tmp_path, kind.worker(MENDED))
    assert (done.code, done.finding(twice.command)["fixed"]) == (0, [kind.names[0]])


@pytest.mark.timeout(400)
def test_a_test_of_surefire_that_is_mended_is_named_and_so_is_one_that_is_deleted(
    tmp_path: Path,
) -> None:
    worker = f"{SUREFIRE.worker(MENDED)}; sed -i /doubles/d {SUREFIRE.test}"
    done = ran(SUREFIRE, tmp_path, worker, patience=300)
    assert done.finding("mvn")["fixed"] == [SUREFIRE.names[0]]
    assert (done.code, done.finding("mvn")["reason_code"]) == (3, "tests_removed")
    assert SUREFIRE.names[1] in done.finding("mvn")["reason"]


def test_gradle_names_what_passes_and_what_is_gone(tmp_path: Path) -> None:
    done = ran(GRADLE, tmp_path, f"{GRADLE.worker(MENDED)}; sed -i /doubles/d {GRADLE.test}")
    finding = done.finding("gradle")
    assert finding["fixed"] == [GRADLE.names[0]]
    assert (done.code, finding["reason_code"]) == (3, "tests_removed")
    assert GRADLE.names[1] in finding["reason"]
