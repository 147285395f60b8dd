"""Settings of PHP that a user has stay in force beside ours."""

import shutil
from pathlib import Path

import pytest
from support.front_door import new_pa

pytestmark = pytest.mark.slow

TEST = """<?php
final class LibTest extends PHPUnit\\Framework\\TestCase {
    function testAdds() { require_once __DIR__ . '/../lib.php'; $this->assertSame(5, add(2, 3)); }
    function testPrepared() { $this->assertSame('yes', $GLOBALS['prepared']); }
    function testInOthers() {
        $this->assertSame('yes', exec(PHP_BINARY . ' ' . __DIR__ . '/../says.php'));
    }
}
"""
FILES = {
    "lib.php": "<?php\nfunction add($a, $b) { return $a - $b; }\n",
    "first.php": "<?php\n$prepared = 'yes';\n",
    "says.php": "<?php\necho $prepared;\n",
    "tests/LibTest.php": TEST,
}


@pytest.mark.skipif(shutil.which("phpunit") is None, reason="phpunit is not installed")
def test_the_file_that_the_user_has_php_run_first_still_runs(tmp_path: Path) -> None:
    pa = new_pa(tmp_path, FILES)
    first = pa.project / "first.php"
    pa.write({"settings/own.ini": f'auto_prepend_file = "{first}"\n'})
    pa.commit("Settings")
    check = "PHP_INI_SCAN_DIR=$PWD/settings:$PHP_INI_SCAN_DIR phpunit tests"
    ran = pa.task(
        *("--max-rounds", "1", "--judge", "none", "--check", check),
        worker="sed -i 's/a - /a + /' lib.php",
    )
    assert (ran.code, ran.finding(check)["fixed"]) == (0, ["tests/LibTest.php::LibTest::testAdds"])
