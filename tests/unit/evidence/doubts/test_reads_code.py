"""Tests that look at the text of code say nothing of what it does."""

import pytest
from support.process_time import seconds_for

from agentproxy.evidence.doubts.reads_code import find_code_readers

CODE = {"src/calc.py": ("", "def sub(a, b):\n    return a - b\n"), "src/calc.js": ("", "//\n")}


def read(test: str, path: str = "tests/test_calc.py") -> list[tuple[str, str]]:
    return list(find_code_readers({**CODE, path: ("", test)}))


@pytest.mark.parametrize(
    ("test", "what"),
    [
        ("assert 'a - b' in open('src/calc.py').read()", "calc.py"),
        ("assert 'a - b' in (ROOT / 'src' / 'calc.py').read_text()", "calc.py"),
        ("CODE = Path(__file__).parent / '../src/calc.py'\ntext = CODE.read_text()", "calc.py"),
        ("path = calc.__file__\nsize = os.stat(path).st_size", "a module"),
        ("said = check_output(['git', 'show', 'HEAD:calc.py'])", "calc.py"),
        ("said = check_output(['git', 'diff', 'HEAD~1', '--', 'calc.py'])", "calc.py"),
        ("said = check_output('git cat-file -p HEAD:src/calc.py', shell=True)", "calc.py"),
        ("assert 'a - b' in inspect.getsource(calc.sub)", "the text of code"),
        ("assert len(sub.__code__.co_code) > 8", "the text of code"),
        ("sys.setprofile(lambda *seen: calls.append(seen))", "the text of code"),
    ],
)
def test_who_reads_the_text_of_changed_code_is_named(test: str, what: str) -> None:
    assert read(test) == [("tests/test_calc.py", what)]


@pytest.mark.parametrize(
    ("test", "path"),
    [
        ("said = check_output(['git', 'diff', 'HEAD~1'])", "tests/test_calc.py"),
        ("said = check_output([\n    'git',\n    'log',\n    '-p',\n])", "tests/test_calc.py"),
        ("said = os.popen('git -C .. show').read()", "tests/test_calc.py"),
        (
            "command = ('git', '-C', ROOT, '--no-pager', 'show')\nsaid = check_output(command)",
            "tests/test_calc.py",
        ),
        ("GIT = 'git'\nsaid = check_output([GIT, 'diff', 'HEAD~1'])", "tests/test_calc.py"),
        ("# git init is for others\nsaid = check_output(['git', 'log'])", "tests/test_calc.py"),
        ("said = subprocess.run(['git', 'log'], cwd='..', check=True)", "tests/test_calc.py"),
        (
            "ROOT = Path(__file__).parent\nsaid = subprocess.run(['git', 'log'], cwd=ROOT)",
            "tests/test_calc.py",
        ),
        ("from subprocess import run\nsaid = run(['git', 'log'])", "tests/test_calc.py"),
        ("const said = execSync('git log', { cwd: __dirname });", "tests/calc.test.js"),
        ("const said = spawnSync('git', ['log', '-p']).stdout;", "tests/calc.test.js"),
        ("said = os.popen('cd .. && git diff HEAD~1').read()", "tests/test_calc.py"),
        ("said = Repo('.').git.diff('HEAD~1')", "tests/test_calc.py"),
        ("const said = execSync('git diff HEAD~1').toString();", "tests/calc.test.js"),
        ('out, _ := exec.Command("git", "diff", "HEAD~1").Output()', "calc_test.go"),
    ],
)
def test_who_reads_the_history_of_the_project_is_named(test: str, path: str) -> None:
    assert read(test, path) == [(path, "the history of the project")]


@pytest.mark.parametrize(
    "test",
    [
        "run(['git', 'init', '-q'])\nsaid = check_output(['git', 'log', '--oneline'])",
        "run(['git', '-c', 'a.b=c', 'init'])\nsaid = check_output(['git', 'log'])",
        "assert shown(['git', 'status']) == ''",
        "# git shows a diff\nassert render('git', 'x').diff",
        "assert command(folder) == ['git', '-C', folder, 'log', '--oneline']",
        "wanted = ['git', 'log', '-p']\nassert command() == wanted",
        "assert 'git diff' in run('--help')",
        "assert parse('git blame a.py').name == 'blame'",
        "runner.expect('git show HEAD', output='abc')",
        "assert run(['git', 'log'], cwd=repo) == ''",
        "said = subprocess.run(['git', 'log'], cwd=repo, check=True)",
        "assert.deepEqual(command(), ['git', ['log', '-p']]);",
        "said = subprocess.run(['git', '-C', repo, 'log'], check=True)",
        "said = check_output(f'cd {repo} && git log', shell=True)",
        "os.chdir(work)\nsaid = check_output(['git', 'log'])",
        "def test_it(git_repo):\n    said = check_output(['git', 'log'])",
        "ROOT = make_repo()\nsaid = check_output(['git', 'log'], cwd=ROOT)",
        "assert repo.git.log('--oneline') == ''",
        "assert asked('calc.py') == ['git', 'blame', 'calc.py']",
    ],
)
def test_who_asks_a_repository_of_its_own_is_not(test: str) -> None:
    assert read(test) == []


def test_a_repository_that_a_helper_of_the_tests_makes_is_not_the_project() -> None:
    test = "def test_it(work):\n    said = check_output(['git', 'log'])\n"
    texts = {**CODE, "tests/test_calc.py": ("", test)}
    helper = "def work():\n    subprocess.run(['git', 'init'], check=True)\n"
    assert list(find_code_readers(texts))
    assert not list(find_code_readers({**texts, "tests/conftest.py": ("", helper)}))


def read_script(line: str) -> list[tuple[str, str]]:
    return read(f"{line}\n" * 60, "tests/calc.test.js")


@pytest.mark.parametrize("part", ["a", "a.", "'git ", "git ", "'/", "String(a ", "import a "])
def test_a_line_is_read_in_a_time_that_grows_with_its_length(part: str) -> None:
    short, long = (part * (size // len(part)) for size in (240, 1920))
    # A line of eight times the length would take 64 times as long if each place looked at the rest.
    assert seconds_for(lambda: read_script(long)) < 24 * seconds_for(lambda: read_script(short))
    assert read_script(long) == []


LINES = {
    "commands with names": ("tests/test_calc.py", "a{n} = ['git', 'log']\n"),
    "folders with names": ("tests/test_calc.py", "subprocess.run(['git', 'log'], cwd=a{n})\n"),
    "folders that are the own": ("tests/test_calc.py", "a{n} = '.'; os.chdir(a{n}); 'git log'\n"),
    "names of git": ("tests/test_calc.py", "a{n} = 'git'\nb('git', 'log')\n"),
    "imports without an end": ("tests/calc.test.js", "import a{n}\n"),
}


@pytest.mark.parametrize("what", LINES)
def test_a_file_is_read_in_a_time_that_grows_with_its_lines(what: str) -> None:
    path, line = LINES[what]
    short, long = ("".join(line.format(n=n) for n in range(size)) for size in (150, 1200))
    # A file of eight times the lines would take 64 times as long if each looked at all others.
    assert seconds_for(lambda: read(long, path)) < 24 * seconds_for(lambda: read(short, path))


def test_many_files_are_read_in_a_time_that_grows_with_their_number() -> None:
    def texts(size: int) -> dict[str, tuple[str, str]]:
        asks = "subprocess.run(['git', 'log'], cwd=tmp)\n" + "x = 1\n" * 50
        tests = {f"tests/test_{n}.py": ("", asks) for n in range(size)}
        scripts = {f"tests/a{n}.test.js": ("", "x\n") for n in range(size)}
        return {**tests, **scripts, **{f"src/a{n}.js": ("", "f = 1\n" * 50) for n in range(size)}}

    short, long = texts(20), texts(160)
    assert seconds_for(lambda: [*find_code_readers(long)]) < 24 * seconds_for(
        lambda: [*find_code_readers(short)]
    )


def test_other_languages_are_read_too() -> None:
    script = "const code = fs.readFileSync('./src/calc.js', 'utf8');\n"
    assert read(script, "tests/calc.test.js") == [("tests/calc.test.js", "calc.js")]
    text = "const { sub } = require('../src/calc.js');\nassert.match(sub.toString(), /a - b/);\n"
    assert read(text, "tests/calc.test.js") == [("tests/calc.test.js", "the text of code")]


@pytest.mark.parametrize(
    ("line", "as_text"),
    [
        ("assert.match(`${calc.sub}`, /a - b/);", True),
        ("assert.match(calc.sub + '', /a - b/);", True),
        ("assert.match('' + calc.sub, /a - b/);", True),
        ("assert.match(String(calc.sub), /a - b/);", True),
        ("assert.match(calc.sub.toString(), /a - b/);", True),
        ("assert.equal(`${calc.sub(5, 3)}`, '2');", False),
        ("assert.equal('' + calc.sub(5, 3), '2');", False),
        ("const { at } = require('../src/at');\nassert.equal(`${at}/a`, at + '' + '/a');", False),
        ("const sub = calc.sub(5, 3);\nassert.equal(sub.toString(), `${sub}`);", False),
        ("const { sub } = require('../src/calc');\nassert.match(`${sub}`, /a - b/);", True),
        ("import {\n  sub as less,\n} from '../src/calc';\nassert.match(`${less}`, /a/);", True),
        ("import * as all from '../src/calc';\nassert.match(`${all.sub}`, /a - b/);", True),
        ("const placed = calc.place();\nassert.equal(`${placed.sub}`, '2');", False),
        (
            "assert.equal(String(placed.sub), '2');\nassert.equal(placed.sub.toString(), '2');",
            False,
        ),
        ("assert.equal(calc.place().sub + '', '2');", False),
        ("const { sub } = calc.place();\nassert.equal(`${sub}`, '2');", False),
        ("const { a: sub } = place(1);\nassert.equal(String(sub), '2');", False),
        ("for (const [a, sub] of CASES) test(`${a} is ${sub}`, () => check(a, sub));", False),
        ("CASES.forEach(({ a, sub }) => test(`${a} is ${sub}`, () => check(a, sub)));", False),
        ("CASES.forEach(sub => test('' + sub, () => check(sub)));", False),
        ("function check(sub) {\n  assert.equal(`${sub}`, '2');\n}", False),
    ],
)
def test_a_function_that_becomes_a_text_is_read(line: str, as_text: bool) -> None:
    code = "'use strict';\nconst sub = (a, b) => a - b;\nmodule.exports = { sub };\n"
    test = f"const calc = require('../src/calc');\n{line}\n"
    found = find_code_readers({"src/calc.js": ("", code), "tests/calc.test.js": ("", test)})
    assert bool(list(found)) is as_text


@pytest.mark.parametrize(
    "test",
    [
        "from calc import sub\n\nassert sub(5, 3) == 2",
        "subprocess.run([sys.executable, 'src/calc.py', '5'], check=True)",
        "assert open('README.md').read()",
        "path = tmp_path / 'calc.py'\npath.write_text('x')\nassert path.read_text() == 'x'",
        "here = Path(__file__).parent / 'data.json'\ntext = here.read_text()",
        "const { sub } = require('./calc.js');",
        "const out = sub(5, 3);\nassert.equal(out.toString(), '2');",
    ],
)
def test_who_runs_the_code_or_reads_something_else_is_not(test: str) -> None:
    assert read(test) == []


@pytest.mark.parametrize(
    ("test", "path"),
    [
        (
            "const Calc = require('./calc');\nconst calc = new Calc(1);\ncalc.toString();",
            "calc.test.js",
        ),
        ('import { Calc } from "../src/calc.js";\nString(calc);', "test/calc.test.ts"),
        ('import com.shop.calc.Calc;\nassertEquals("5", calc.toString());', "CalcTest.java"),
    ],
)
def test_a_value_with_the_name_of_its_file_is_no_text_of_code(test: str, path: str) -> None:
    assert read(test, path) == []


def test_what_the_base_has_read_already_is_not() -> None:
    text = "assert open('src/calc.py').read()\n"
    assert list(find_code_readers({**CODE, "tests/test_a.py": (text, text + "x = 1\n")})) == []
