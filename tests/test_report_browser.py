"""The report in a real browser: nothing on the console, nothing loaded, and modes move.

The browser is the Chromium of the distribution, spoken to over the pipe of its DevTools
protocol; where there is none, or it does not start, these tests are skipped with the reason.
"""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from spektron.cli.main import main

CHECKOUT = Path(__file__).resolve().parents[1]
BENZENE = CHECKOUT / "docs" / "data" / "hf-sto-3g" / "benzene.json"
NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
    "--remote-debugging-pipe",
)  # fmt: skip
PATIENCE = 60  # seconds for an answer; software rendering on a loaded machine is slow


class Browser:
    """A page of a headless Chromium.

    The protocol: JSON messages with a zero byte between them, to its file descriptor 3 and from
    its descriptor 4.
    """

    def __init__(self, program, folder):
        their_in, self._out = os.pipe()
        self._in, their_out = os.pipe()
        # Above 9, so that neither is in the way of 3 and 4.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (their_in, their_out)]
        os.close(their_in)
        os.close(their_out)

        def place():
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        self._process = subprocess.Popen(
            [program, *FLAGS, f"--user-data-dir={folder}", "about:blank"],
            close_fds=False,
            preexec_fn=place,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for end in ends:
            os.close(end)
        self._buffer, self._number, self._session, self.events = b"", 0, None, []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.resize(1400, 1000)

    def call(self, method, **parameters):
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session and not method.startswith("Target."):
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer["error"]
                return answer["result"]
            self.events.append(answer)

    def _read(self):
        while b"\0" not in self._buffer:
            if not select.select([self._in], [], [], PATIENCE)[0]:
                raise TimeoutError(f"the browser was silent for {PATIENCE} s")
            read = os.read(self._in, 1 << 20)
            if not read:
                raise ConnectionError("the browser ended")
            self._buffer += read
        one, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(one)

    def ask(self, code):
        """Value of a JavaScript expression."""
        found = self.call(
            "Runtime.evaluate", expression=code, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def wait_for(self, code):
        """Wait until a JavaScript expression is true."""
        end = time.monotonic() + PATIENCE
        while not self.ask(code):
            assert time.monotonic() < end, f"not within {PATIENCE} s: {code}"
            time.sleep(0.05)

    def open(self, path):
        self.ask("window.leaving = true")
        self.events.clear()
        self.call("Page.navigate", url=path.as_uri())
        self.wait_for(
            "!window.leaving && document.documentElement?.classList.contains('ready') === true"
        )

    def press(self, key, code=None, text=None):
        common = {"key": key, "code": code or key}
        if text:
            common |= {"text": text, "windowsVirtualKeyCode": ord(text)}
        self.call("Input.dispatchKeyEvent", type="keyDown", **common)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def click(self, x, y):
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def resize(self, width, height, *, mobile=False):
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile}
        self.call("Emulation.setDeviceMetricsOverride", **size)

    def prefer(self, **features):
        chosen = [{"name": k.replace("_", "-"), "value": v} for k, v in features.items()]
        self.call("Emulation.setEmulatedMedia", features=chosen)

    def complaints(self):
        """Console messages, exceptions and errors; not remarks of the graphics driver."""
        out = []
        for event in self.events:
            method, found = event.get("method"), event.get("params", {})
            if method in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled"):
                out.append(found)
            entry = found.get("entry", {})
            if method == "Log.entryAdded" and "GL Driver Message" not in entry.get("text", ""):
                out.append(entry)
        return out

    def requests(self):
        """What was asked for, but the file itself and data in it."""
        urls = [
            e["params"]["request"]["url"]
            for e in self.events
            if e.get("method") == "Network.requestWillBeSent"
        ]
        return [u for u in urls[1:] if not u.startswith("data:")]

    def close(self):
        try:
            self.call("Browser.close")
            self._process.wait(10)
        except (OSError, AssertionError, TimeoutError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        finally:
            os.close(self._in)
            os.close(self._out)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip(f"none of {', '.join(NAMES)} is installed (apt-get install chromium)")
    try:
        found = Browser(program, tmp_path_factory.mktemp("chromium"))
    except (OSError, TimeoutError) as error:
        pytest.skip(f"{program} does not start here: {error}")
    yield found
    found.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Report of benzene with its modes."""
    path = tmp_path_factory.mktemp("report") / "benzene.html"
    assert main(["report", str(BENZENE), "--out", str(path)]) == 0
    return path


@pytest.fixture
def page(browser, report):
    browser.prefer()
    browser.resize(1400, 1000)
    browser.open(report)
    return browser


PIXELS = "document.querySelector('#viewer canvas').toDataURL()"
CHOSEN = "document.querySelector('#modes tr[aria-current]')?.dataset.band ?? null"
TEXT = "document.getElementById('chosen').textContent"


def changes(browser):
    """Whether the picture of the structure changes by itself."""
    browser.ask(f"window.before = {PIXELS}; 0")
    browser.wait_for(f"{PIXELS} !== window.before")
    return True


def test_console_is_empty_and_nothing_is_loaded(page):
    page.ask("document.querySelector('#modes tbody tr:nth-child(3) button').click()")
    changes(page)
    page.ask("document.querySelectorAll('input[type=checkbox]').forEach(b => b.click())")
    page.ask("new Promise(done => setTimeout(done, 300))")
    assert page.complaints() == []
    assert page.requests() == []


def test_structure_is_drawn(page):
    colours = page.ask(
        "(() => { const c = document.createElement('canvas'), v = document.querySelector('#viewer "
        "canvas'); c.width = c.height = 100; const g = c.getContext('2d'); g.drawImage(v, 0, 0, "
        "100, 100); const d = g.getImageData(0, 0, 100, 100).data; const s = new Set(); for (let "
        "i = 0; i < d.length; i += 4) s.add(`${d[i]},${d[i+1]},${d[i+2]}`); return s.size; })()"
    )
    assert colours > 50


def test_button_of_a_row_moves_the_atoms(page):
    assert page.ask(CHOSEN) is None
    page.ask("document.querySelector('#modes tr[data-band=\"2\"] button').click()")
    assert page.ask(CHOSEN) == "2"
    assert page.ask(TEXT).startswith("A2u at 811.0 cm⁻¹ (mode 5); active in IR; IR 24.59 km/mol")
    assert changes(page)


def test_pause_stops_the_atoms(page):
    page.ask("document.querySelector('#modes tr[data-band=\"2\"] button').click()")
    changes(page)
    page.ask("document.getElementById('play').click()")
    page.ask("new Promise(done => setTimeout(done, 1500))")  # frames in flight
    resting = page.ask(PIXELS)
    page.ask("new Promise(done => setTimeout(done, 1500))")
    assert page.ask(PIXELS) == resting
    page.ask("document.getElementById('play').click()")
    assert changes(page)


def test_click_on_a_line(page):
    x, y, band = page.ask(
        "(() => { document.getElementById('spectra').scrollIntoView({behavior: 'instant'}); "
        "const stick = document.querySelector('.stick.raman'), b = stick.getBoundingClientRect(); "
        "return [b.x + b.width / 2, b.y + b.height / 2, stick.dataset.band]; })()"
    )
    page.click(x, y)
    assert page.ask(CHOSEN) == band
    assert page.ask("document.querySelector('.stick.raman.chosen').dataset.band") == band


def test_click_on_a_silent_mode(page):
    band = page.ask("document.querySelector('.diamond').dataset.band")
    page.ask(
        "document.querySelector('.diamond').dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    )
    assert page.ask(CHOSEN) == band
    assert "silent: in neither spectrum" in page.ask(TEXT)


def test_arrow_keys_on_the_spectra(page):
    n = page.ask("document.querySelectorAll('#modes tbody tr').length")
    page.ask("document.getElementById('spectra').focus()")
    page.press("ArrowRight")  # from the left: the highest wavenumber first
    assert page.ask(CHOSEN) == str(n - 1)
    page.press("ArrowRight")
    assert page.ask(CHOSEN) == str(n - 2)
    page.press("ArrowLeft")
    assert page.ask(CHOSEN) == str(n - 1)
    assert changes(page)


def test_arrow_keys_and_enter_in_the_table(page):
    page.ask("document.querySelector('#modes tr[data-band=\"0\"] button').focus()")
    page.press("Enter", text="\r")
    assert page.ask(CHOSEN) == "0"
    page.press("ArrowDown")
    assert page.ask(CHOSEN) == "1"
    assert page.ask("document.activeElement.closest('tr').dataset.band") == "1"


def test_everything_is_reached_by_tab(page):
    """Every control has a place in the order of the tab key."""
    unreachable = page.ask(
        "[...document.querySelectorAll('button, input, a[href], summary, #viewer, #spectra')]"
        ".filter(e => e.tabIndex < 0).length"
    )
    assert unreachable == 0


def test_partners_of_a_degenerate_set(page):
    page.ask("document.querySelector('#modes tr[data-band=\"0\"] button').click()")
    assert "partner 1 of 2" in page.ask(TEXT)
    page.ask("document.getElementById('partner').click()")
    assert "partner 2 of 2" in page.ask(TEXT)
    page.ask("document.querySelector('#modes tr[data-band=\"2\"] button').click()")
    assert page.ask("document.getElementById('partner').hidden")


def test_viewer_turns_by_keys(page):
    before = page.ask(PIXELS)
    page.ask("document.getElementById('viewer').focus()")
    page.press("ArrowLeft")
    page.wait_for(f"{PIXELS} !== {json.dumps(before)}")
    page.press("0", text="0")
    page.wait_for(f"{PIXELS} === {json.dumps(before)}")


def test_elements_are_shown_and_hidden(page):
    before = page.ask(PIXELS)
    page.ask("document.querySelector('input[data-element=\"C6\"]').click()")
    hidden = page.ask(PIXELS)
    assert hidden != before
    page.ask("document.querySelector('input[data-element=\"C6\"]').click()")
    assert page.ask(PIXELS) != hidden


def test_reduced_motion_is_kept(page):
    page.prefer(prefers_reduced_motion="reduce")
    page.ask("document.querySelector('#modes tr[data-band=\"2\"] button').click()")
    page.ask("new Promise(done => setTimeout(done, 500))")
    resting = page.ask(PIXELS)
    page.ask("new Promise(done => setTimeout(done, 1000))")
    assert page.ask(PIXELS) == resting
    page.ask("document.getElementById('play').click()")
    assert changes(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_schemes_are_legible(page, scheme):
    """Contrast of text and ground by WCAG 2.1, section 1.4.3: at least 4.5."""
    page.prefer(prefers_color_scheme=scheme)

    def luminance(name):
        text = page.ask(f"getComputedStyle(document.documentElement).getPropertyValue('{name}')")
        channels = [int(text.strip()[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    paper = luminance("--paper")
    assert (paper < 0.1) == (scheme == "dark")
    for name in ("--ink", "--soft", "--link", "--ir", "--raman", "--silent"):
        lighter, darker = sorted((paper, luminance(name)), reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5, name


def test_narrow_window_does_not_scroll_sideways(page):
    page.resize(400, 800, mobile=True)
    assert page.ask("document.documentElement.scrollWidth") <= 400


def test_paper(page):
    pdf = base64.b64decode(page.call("Page.printToPDF", printBackground=True)["data"])
    assert pdf.startswith(b"%PDF")
    assert b"/Subtype /Image" in pdf  # the still of the structure
    assert page.complaints() == []


def test_policy_forbids_requests_and_foreign_scripts(page):
    blocked = page.ask(
        "(async () => { const seen = []; document.addEventListener('securitypolicyviolation', e =>"
        " seen.push(e.effectiveDirective)); try { await fetch('http://127.0.0.1:9/'); } catch (e) "
        "{} const i = document.createElement('img'); i.src = 'http://127.0.0.1:9/x.png'; "
        "document.body.append(i); const s = document.createElement('script'); s.textContent = "
        "'window.broken = 1'; document.body.append(s); await new Promise(d => setTimeout(d, 300)); "
        "return seen; })()"
    )
    assert {"connect-src", "img-src", "script-src-elem"} <= set(blocked)
    assert page.ask("window.broken === undefined")


def test_script_in_a_name_does_not_run(browser, tmp_path):
    name = "<img src=x onerror=window.broken=1>"
    file, path = tmp_path / f"{name}.xyz", tmp_path / "evil.html"
    file.write_text("3\n\nO 0 0 0.1173\nH 0 0.7572 -0.4692\nH 0 -0.7572 -0.4692\n", "utf-8")
    assert main(["report", str(file), "--out", str(path)]) == 0
    browser.open(path)
    assert browser.ask("document.querySelector('h1').textContent") == name
    assert browser.ask("window.broken === undefined")
    assert browser.complaints() == []
    assert browser.requests() == []


@pytest.mark.parametrize("text", ["[He]", "acetylene", "OC(F)Cl", "c60", "ferrocene"])
def test_other_molecules(browser, tmp_path, text):
    path = tmp_path / "report.html"
    assert main(["report", text, "--out", str(path)]) == 0
    browser.open(path)
    assert browser.ask("document.querySelector('#no-viewer').textContent") == ""
    assert browser.complaints() == []
    assert browser.requests() == []
