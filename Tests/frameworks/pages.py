"""What a user does with a page, and what must not have happened in it."""

import json

TEXT = "document.querySelector({selector})?.textContent ?? ''"


def text(selector):
    return TEXT.format(selector=json.dumps(selector))


def wait_for_text(browser, selector, part):
    return browser.wait_for(f"({text(selector)}).includes({json.dumps(part)}) && ({text(selector)})")


def process_of(shown):
    """The process that a page names: `... in process 123`."""
    return int(shown.split("in process")[1].split()[0])


def type_into(browser, selector, words):
    browser.wait_for(f"!!document.querySelector({json.dumps(selector)})")
    browser.click(selector)
    browser.call("Input.insertText", text=words)


def choose_file(browser, selector, path):
    found = browser.call("Runtime.evaluate", expression=f"document.querySelector({json.dumps(selector)})")
    browser.call("DOM.setFileInputFiles", files=[str(path)], objectId=found["result"]["objectId"])


def assert_unharmed(browser, allowed=("favicon",)):
    """No answer of 4xx or 5xx, and no request that failed."""
    assert browser.problems == []
    assert [entry for entry in browser.responses if entry[0] >= 400 and not any(a in entry[1] for a in allowed)] == []
