"""`inpaintbench.evaluate`: a function or a network, from Python."""

from __future__ import annotations

import subprocess
import sys
import threading

import cloudpickle
import numpy as np
import pytest

import inpaintbench
from inpaintbench.content import content_of
from inpaintbench.errors import BenchError
from inpaintbench.methods.networks.called import CalledNetwork
from inpaintbench.methods.networks.convention import Convention
from inpaintbench.planning.keys import method_key
from inpaintbench.plugins import registry

TINY = {"datasets": ["photos[size=32]"], "metrics": ["psnr"], "limit": 1, "timing": False}


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def halved(image, mask):
    """Fill with half the mean."""
    known = image[~mask].mean() / 2
    return np.where(mask[..., None], known, image)


@pytest.mark.slow
def test_a_function_stands_beside_the_methods_named_and_can_be_run_again() -> None:
    shift = 3  # a closure travels too

    def brighter(image, mask):
        return halved(image, mask) + shift

    done = inpaintbench.evaluate(brighter, beside=["telea"], masks=["large-regions"], **TINY)
    assert set(done.rows["variant"]) == {"telea", "brighter"}
    assert set(done.rows["status"]) == {"done"}
    assert "| brighter |" in str(done)
    assert "<td" in done._repr_html_()
    again = registry.make_method(str(done.method))
    image, mask = np.full((8, 8, 1), 10, np.uint8), np.eye(8, dtype=bool)
    assert again.name == "brighter"
    assert (again.inpaint(image, mask)[mask] == 8).all()


def test_a_network_is_called_by_its_convention(tmp_path) -> None:
    torch = pytest.importorskip("torch")

    class Grey(torch.nn.Module):
        def forward(self, joined):
            assert joined.shape[1] == 4
            return torch.zeros_like(joined[:, :3])

    called = CalledNetwork(Grey(), Convention("-1..1", "-1..1"), "joined")
    (tmp_path / "grey.pickle").write_bytes(cloudpickle.dumps(called))
    method = registry.make_method(f"pickled[path={tmp_path}/grey.pickle]")
    method.setup("cpu", 0)
    filled = method.inpaint(np.zeros((15, 16, 3), np.uint8), np.ones((15, 16), bool))
    assert filled.shape == (15, 16, 3)
    assert np.rint(filled[0, 0, 0]) == 128


SCRIPT = """
import sys
import numpy as np
from inpaintbench.content import content_of
import layers

SCALE = {scale}

class Net:
    def __init__(self):
        self.weights = {{"w": np.zeros(3) + {weight}}}
        self.filled = {{"b", "a", "c"}}
        self.me = self
    def __call__(self, image, mask):
        from layers import shift
        return [shift(x) * SCALE {code} for x in self.weights["w"]]

found = content_of(Net())
print(found.digest, *found.modules)
"""


def content(folder, scale=1, weight=0, code="") -> list[str]:
    (folder / "layers.py").write_text("def shift(x): return x")
    (folder / "script.py").write_text(SCRIPT.format(scale=scale, weight=weight, code=code))
    return subprocess.check_output([sys.executable, str(folder / "script.py")], text=True).split()


def test_what_an_object_is_made_of_is_the_same_in_every_process(tmp_path) -> None:
    first, again = content(tmp_path), content(tmp_path)
    assert first == again
    assert {"layers", "numpy"} <= set(first[1:])
    changed = [
        content(tmp_path, scale=2),
        content(tmp_path, weight=1),
        content(tmp_path, code="+1"),
    ]
    assert len({first[0], *(found[0] for found in changed)}) == 4


def test_a_network_is_known_by_its_weights_and_code() -> None:
    torch = pytest.importorskip("torch")

    def network(value: float, factor: int):
        class Net(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.layer = torch.nn.Conv2d(3, 3, 3)
                torch.nn.init.constant_(self.layer.weight, value)
                torch.nn.init.zeros_(self.layer.bias)

            def forward(self, image, mask):
                return image * factor

        return Net()

    assert content_of(network(0, 1)) == content_of(network(0, 1))
    digests = {content_of(network(*v)).digest for v in ((0, 1), (1, 1), (0, 2))}
    assert len(digests) == 3


@pytest.fixture
def saved(monkeypatch):
    """Save as `evaluate` does, without the run; return the key."""
    monkeypatch.setattr("inpaintbench.evaluation._run", lambda arguments: None)

    def save(method) -> str:
        path = inpaintbench.evaluate(method, name="net").method
        return method_key(registry.make_method(str(path)), "cpu")

    return save


def test_the_same_function_keeps_its_key_and_other_code_has_another(
    saved, tmp_path, monkeypatch
) -> None:
    (tmp_path / "net.py").write_text("SHADE = 1")  # named as the method is, too
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "net", raising=False)
    pickle = tmp_path / "results" / "methods" / "net.pickle"

    def make(shade):
        import net

        return lambda image, mask: np.where(mask[..., None], shade + net.SHADE, image)

    first = saved(make(5))
    written = pickle.stat().st_mtime_ns
    assert saved(make(5)) == first
    assert pickle.stat().st_mtime_ns == written
    assert saved(make(6)) != first
    assert saved(make(5)) == first
    pickle.with_suffix(".json").unlink()
    pickle.unlink()
    assert saved(make(5)) == first
    (tmp_path / "net.py").write_text("SHADE = 200")
    assert saved(make(5)) != first


def test_a_pickle_that_was_exchanged_has_another_key(saved, tmp_path) -> None:
    first = saved(halved)
    (tmp_path / "results" / "methods" / "net.pickle").write_bytes(cloudpickle.dumps(len))
    (path,) = (tmp_path / "results" / "methods").glob("*.py")
    assert method_key(registry.make_method(str(path)), "cpu") != first


@pytest.mark.parametrize(
    ("method", "options", "said"),
    [
        (lambda image, mask: image, {}, "can't be the name"),
        (halved, {"name": "Half"}, "can't be the name"),
        (halved, {"name": "telea"}, "already called"),
        (threading.Lock().acquire, {"name": "locked"}, "can't be saved"),
        (halved, {"preset": "quik"}, "did you mean 'quick'"),
    ],
)
def test_what_cannot_be_evaluated_is_one_line(method, options, said: str) -> None:
    with pytest.raises(BenchError, match=said) as caught:
        inpaintbench.evaluate(method, **options)
    assert "\n" not in str(caught.value)


def test_a_network_with_an_unknown_call_is_refused() -> None:
    torch = pytest.importorskip("torch")
    with pytest.raises(BenchError, match="call must be one of"):
        inpaintbench.evaluate(torch.nn.Identity(), call="mask")
