"""`inpaintbench.evaluate`: a function or a network, from Python."""

from __future__ import annotations

import threading

import cloudpickle
import numpy as np
import pytest

import inpaintbench
from inpaintbench.errors import BenchError
from inpaintbench.methods.networks.called import CalledNetwork
from inpaintbench.methods.networks.convention import Convention
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
