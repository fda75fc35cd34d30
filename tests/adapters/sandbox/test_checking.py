"""A script that does not parse is told where; what it requires and will not find is named."""

from __future__ import annotations

import pytest

from chalicelib.core.sandbox import MODULES, Fault, fault_of_text, missing_modules
from tests.adapters.sandbox.conftest import PASSING


def test_a_script_that_parses_has_no_fault(runner):
    assert runner.sandbox.check(PASSING) is None


@pytest.mark.parametrize(
    ("script", "fault"),
    [
        ("function (user) { return 1 +; }", Fault("unexpected token in expression: ';'", 1, 29)),
        ("function (user) {\n  let a = 1;\n  let a = 2;\n}", Fault("invalid redefinition of lexical identifier", 3, 9)),
        ("function (user) {\n", Fault("unexpected token in expression: ')'", 2, 1)),
        ("function (user) {}\n}\n", Fault("Unexpected token '}'", 2, 1)),
        ("const a = 1;", Fault("unexpected token in expression: 'const'", 1, 1)),
        ("{ a: 1 }", Fault("The script is not a function", 1, 1)),
        ("(function () { throw new Error(); })()", Fault("The script is not a function", 1, 1)),
        ("(function () { while (true) {} })()", Fault("The script cannot be read.", 1, 1)),
        ("function (user) { \n '\0' }", Fault("The script has a character that is no text.", 2, 3)),
        ("\ud800", Fault("The script has a character that is no text.", 1, 1)),
    ],
)
def test_a_fault_says_where(runner, script, fault):
    assert runner.sandbox.check(script) == fault


def test_checking_runs_nothing_of_a_function(runner, host):
    runner.sandbox.check("function (user) { require('request').get('https://a.example/'); }")

    assert host.asked == []


@pytest.mark.parametrize("script", [PASSING, "x" * 100_000, "ä" * 50_000])
def test_text_that_may_be_a_script_has_no_fault(script):
    assert fault_of_text(script) is None


def test_modules_that_are_not_there_are_named_in_order_and_once():
    script = """function (user, context, callback) {
      const a = require('moment'), b = require("lodash@4.17.21"), c = require(`@auth0/rule-utilities@0.2.0`);
      const d = require('mongodb@3.1.4'), e = require( 'moment' ), f = require('node:fs'), g = require('axios');
    }"""

    assert missing_modules(script) == ("moment", "mongodb@3.1.4", "node:fs")


@pytest.mark.parametrize("name", MODULES)
def test_a_module_that_is_listed_is_there_in_any_version(runner, name):
    assert runner.value(f"typeof require('{name}') === typeof require('{name}@1.2.3')") is True
    assert missing_modules(f"require('{name}@9')") == ()


def test_no_module_is_there_that_is_not_listed(runner):
    fault = runner.database("(callback) => { require('no-such-module'); }")

    assert (fault.message, fault.kind) == ("Cannot find module 'no-such-module'", "error")
