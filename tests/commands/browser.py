"""A headless Chromium, driven over a pipe: Chrome's DevTools Protocol is JSON, ended by zero bytes."""

from __future__ import annotations

import base64
import fcntl
import itertools
import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def find_chromium() -> str | None:
    """Returns the path of a Chromium, None where none is installed."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Browser:
    """One page of a headless Chromium.

    Attributes:
        events: what the browser told of the page: method and parameters.
    """

    def __init__(self, path: str) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []
        self._profile = tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True)
        read_commands, self._commands = os.pipe()
        self._answers, write_answers = os.pipe()
        command = [
            path, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--disable-background-networking", "--disable-quic", "--disable-component-update", "--disable-sync",
            "--remote-debugging-pipe", f"--user-data-dir={self._profile.name}",
            "about:blank",
        ]  # fmt: skip
        # The browser reads commands from its file descriptor 3 and writes answers to 4. Moved out of their way first.
        inputs, outputs = (fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (read_commands, write_answers))
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{inputs} 4>&{outputs}', "bash", *command],
            pass_fds=(inputs, outputs), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        for fd in (read_commands, write_answers, inputs, outputs):
            os.close(fd)
        self._numbers = itertools.count(1)
        self._buffer = b""
        self._session: str | None = None
        try:
            self._attach()
        except BaseException:
            self.close()
            raise

    def _attach(self) -> None:
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(target["targetId"] for target in targets if target["type"] == "page")
        self._session = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            read = os.read(self._answers, 1 << 20)
            if not read:
                raise RuntimeError("the browser went away")
            self._buffer += read
        message, _, self._buffer = self._buffer.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Returns what a command of the protocol answers."""
        number = next(self._numbers)
        request = {"id": number, "method": method, "params": parameters}
        if self._session:
            request["sessionId"] = self._session
        os.write(self._commands, json.dumps(request).encode() + b"\0")
        while True:
            message = self._receive()
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                result: dict[str, Any] = message["result"]
                return result
            if "method" in message:
                self.events.append((message["method"], message.get("params", {})))

    def open(self, page: Path | str, *, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        """Loads a file or an address, and returns when it is loaded."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.events.clear()
        self.call("Page.navigate", url="about:blank")  # an address that differs in its fragment alone loads nothing
        self._loaded()
        self.events.clear()
        self.call("Page.navigate", url=page if isinstance(page, str) else page.as_uri())
        self._loaded()

    def _loaded(self) -> None:
        while not any(method == "Page.loadEventFired" for method, _ in self.events):
            message = self._receive()
            self.events.append((message.get("method", ""), message.get("params", {})))

    def run(self, script: str) -> Any:
        """Returns the value of a JavaScript expression; a promise is waited for."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def wait(self, condition: str, seconds: float = 90) -> Any:
        """Returns the first value of a JavaScript expression that is true; True for an element.

        Raises:
            TimeoutError: it does not become true.
        """
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := self.run(f"((found) => (found instanceof Node ? true : found))({condition})"):
                return found
            time.sleep(0.02)
        raise TimeoutError(f"{condition}: {self.faults()}")

    def faults(self, own: str = "") -> list[str]:
        """Returns uncaught exceptions, errors in the console and requests other than for the page.

        Args:
            own: how addresses begin that the page may load; none if empty.
        """
        found = []
        for method, parameters in self.events:
            if method in ("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled"):
                found.append(json.dumps(parameters))
            elif method == "Network.requestWillBeSent" and parameters["type"] != "Document":
                url = parameters["request"]["url"]
                if not url.startswith(("data:", "blob:")) and not (own and url.startswith(own)):
                    found.append(url)
        return found

    def click(self, element: str) -> None:
        """Clicks into the middle of what a JavaScript expression gives, as a mouse does."""
        self.run(f"{element}.scrollIntoView({{block: 'center'}})")
        box = self.run(
            f"(({{x, y, width, height}}) => [x + width / 2, y + height / 2])({element}.getBoundingClientRect())"
        )
        self.click_at(*box)

    def click_at(self, x: float, y: float) -> None:
        """Clicks at a place in the window."""
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key: str, code: int) -> None:
        """Presses a key, with its Windows key code."""
        text = {"text": "\r"} if key == "Enter" else {}  # without it, a button takes no notice
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **text)

    def screenshot(self, path: Path) -> None:
        """Writes a picture of what is in view."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def close(self) -> None:
        """Ends the browser."""
        self._process.terminate()
        self._process.wait(timeout=60)
        os.close(self._commands)
        os.close(self._answers)
        self._profile.cleanup()

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
