"""Which files hold tests, by the conventions of the common runners, and which only look so."""

import time

import pytest

from agentproxy.evidence.test_files import is_test_file

TESTS = {
    "pytest": ["test_calc.py", "pkg/calc_test.py", "conftest.py", "tests/data/golden.json"],
    "unittest": ["tests.py", "app/test.py", "test/helper.py", "testParser.py", "pkg/test1.py"],
    "Django": ["shop/tests/factories.py", "shop/tests.py", "shop/model_tests.py"],
    "Jest": [
        *("src/date.test.ts", "date.spec.js", "src/__tests__/date.js", "ui/Button.test.tsx"),
        *("src/__snapshots__/a.snap", "ui/a.test.js.snap", "src/__mocks__/fs.js", "a.test.mjs"),
    ],
    "Vitest": ["src/a.test.mts", "src/types.test-d.ts", "ui/Button.spec.vue"],
    "Mocha": ["test/date.js", "test.js", "lib/date-test.js", "lib/date_spec.coffee"],
    "Jasmine": ["lib/dateSpec.js"],
    "Nest and Cypress": ["src/app.e2e-spec.ts", "cypress/login.cy.ts"],
    "Go": ["pkg/a_test.go", "pkg/testdata/in.txt"],
    "Rust": ["tests/cli.rs", "src/parser/tests.rs", "src/parser_test.rs"],
    "C and C++": ["src/hash_unittest.cc", "src/test_hash.c", "src/hash_test.cpp"],
    "Java": [
        *("src/ATest.java", "src/test/java/x/Fixture.java", "x/DateTests.java", "x/TestDate.java"),
        *("x/ShopIT.java", "x/DateTestCase.java", "src/integrationTest/java/x/Db.java"),
    ],
    "Kotlin": ["x/DateTest.kt", "src/androidTest/kotlin/x/Rule.kt", "src/commonTest/kotlin/A.kt"],
    "Scala and Groovy": ["x/DateSpec.scala", "x/DateSpec.groovy"],
    "C#": ["Shop.Tests/Fixture.cs", "Shop.UnitTests/a.json", "Shop/CartTests.cs", "Shop/ATest.cs"],
    "Swift and Dart": ["Shop/CartTests.swift", "lib/cart_test.dart"],
    "Ruby": ["spec/a_spec.rb", "lib/cart_test.rb", "test/test_cart.rb", "spec/spec_helper.rb"],
    "RSpec's own folder": ["spec/support/login.rb", "engine/spec/fixtures/a.yml"],
    "PHP": ["tests/Unit/Cart.php", "src/CartTest.php"],
    "Elixir": ["test/cart_test.exs", "test/support/conn_case.ex", "lib/cart_test.exs"],
    "Lua": ["lib/cart_spec.lua"],
}
LOOK_ALIKES = [
    *("latest.py", "src/latest.py", "contest.py", "contest.js", "src/Contest.java", "greatest.go"),
    *("attestation/sign.py", "protest/march.go", "latest/index.js", "testimony.md", "Testament.kt"),
    *("src/testing_utils.py", "testing/client.py", "numpy/testing/__init__.py", "src/tester.js"),
    *("testimonials.tsx", "src/Testimonial.java", "src/Testbed.cs", "fastest.rs", "manifest.json"),
    *("speed_test.md", "test-results.xml", "openapi.spec.yaml", "app.spec", "shop.gemspec"),
    *("src/spec/a.py", "src/spec/api.ts", "lib/inspect.rb", "aspect.lua", "src/spectrum.js"),
    *(
        "api/PodSpec.java",
        "mass_spec.py",
        "AUDIT.java",
        "src/unittest.cfg",
        "requirements-test.txt",
    ),
    *("calc.py", "README.md", "Makefile", "fixtures/countries.json", "src/backtest/engine.py"),
    *("Latest.Contests/a.cs", "src/testify/run.go", "test_plan.docx", "jest.config.js"),
]


@pytest.mark.parametrize(
    ("convention", "path"), [(name, path) for name, paths in TESTS.items() for path in paths]
)
def test_a_file_that_a_runner_takes_for_tests_is_a_test_file(convention: str, path: str) -> None:
    assert is_test_file(path), convention


@pytest.mark.parametrize("path", LOOK_ALIKES)
def test_a_file_whose_name_only_contains_the_word_is_no_test_file(path: str) -> None:
    assert not is_test_file(path)


def test_a_hostile_path_as_long_as_a_file_system_allows_costs_no_time() -> None:
    started = time.monotonic()
    for part in ("test_", "a.Tests", "-test.", "spec/", "a.b.Test"):
        is_test_file(f"src/{part * (4096 // len(part))}x")
    assert time.monotonic() - started < 2
