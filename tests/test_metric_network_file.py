"""Metrics of networks in files: both formats, what they take and return, and what is refused."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper

from inpaintbench.errors import BenchError
from inpaintbench.metrics.base import Axis, Metric, MetricUnavailable, Result
from inpaintbench.metrics.scoring import score_group
from inpaintbench.plugins import registry

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


class Error(torch.nn.Module):
    def forward(
        self, reference: torch.Tensor, composite: torch.Tensor, mask: torch.Tensor
    ) -> torch.Tensor:
        return ((reference - composite).abs() * mask).mean()


class Brightness(torch.nn.Module):
    def forward(self, composite: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return (composite * mask).sum() / (3 * mask.sum())


class Features(torch.nn.Module):
    def forward(
        self, reference: torch.Tensor, composite: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        return reference.flatten(1), composite.flatten(1)


def script(path: Path, network: torch.nn.Module) -> Path:
    torch.jit.script(network).save(str(path))
    return path


def graph(
    path: Path, inputs: Sequence[str], outputs: Sequence[str], nodes: Sequence[onnx.NodeProto]
) -> Path:
    """Write an ONNX file of images of any size."""
    kind = TensorProto.FLOAT
    shapes = {name: [1, 1 if name == "mask" else 3, "h", "w"] for name in inputs}
    made = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(name, kind, shapes[name]) for name in inputs],
        [helper.make_tensor_value_info(name, kind, None) for name in outputs],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)
    return path


def write(folder: Path, kind: str, form: str) -> Path:
    """Write one of the three networks in a form."""
    if form == "torchscript":
        return script(
            folder / f"{kind}.pt", {"error": Error, "brightness": Brightness}.get(kind, Features)()
        )
    path = folder / f"{kind}.onnx"
    if kind == "error":
        nodes = [
            helper.make_node("Sub", ["reference", "composite"], ["d"]),
            helper.make_node("Abs", ["d"], ["a"]),
            helper.make_node("Mul", ["a", "mask"], ["m"]),
            helper.make_node("ReduceMean", ["m"], ["score"]),
        ]
        return graph(path, ["mask", "composite", "reference"], ["score"], nodes)
    if kind == "brightness":
        nodes = [
            helper.make_node("Mul", ["composite", "mask"], ["p"]),
            helper.make_node("ReduceMean", ["p"], ["s"]),
            helper.make_node("ReduceMean", ["mask"], ["n"]),
            helper.make_node("Div", ["s", "n"], ["score"]),
        ]
        return graph(path, ["composite", "mask"], ["score"], nodes)
    nodes = [helper.make_node("Flatten", [name], [name[0]]) for name in ("reference", "composite")]
    return graph(path, ["reference", "composite"], ["r", "c"], nodes)


def metric(text: str) -> Metric:
    made = registry.metrics().make(text)
    made.setup()
    return made


def images(channels: int = 3, dtype: type = np.uint8) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    most = np.iinfo(dtype).max
    reference, output = rng.integers(0, most, (2, 24, 32, channels), dtype, endpoint=True)
    mask = np.zeros((24, 32), bool)
    mask[5:15, 10:31] = True
    return reference, output, mask


def score(made: Metric, channels: int = 3, dtype: type = np.uint8) -> float:
    reference, output, mask = images(channels, dtype)
    return made.bind(reference)(Result(output, mask, reference))


@pytest.fixture(params=["torchscript", "onnx"])
def form(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_number_is_the_score(tmp_path: Path, form: str, channels: int, dtype: type) -> None:
    reference, output, mask = (array.astype(float) for array in images(channels, dtype))
    error = (np.abs(reference - output) * mask[..., None]).mean() / np.iinfo(dtype).max
    made = metric(f"network-distance[file={write(tmp_path, 'error', form)}]")
    assert score(made, channels, dtype) == pytest.approx(error, rel=1e-5)
    assert not made.higher_is_better
    assert made.needs_reference


def test_a_network_that_takes_no_reference_needs_none(tmp_path: Path, form: str) -> None:
    _, output, mask = images()
    made = metric(f"network-score[file={write(tmp_path, 'brightness', form)}]")
    assert score(made) == pytest.approx(output[mask].mean() / 255, rel=1e-5)
    assert made.higher_is_better
    assert not made.needs_reference


def test_the_distance_of_features_is_taken(tmp_path: Path, form: str) -> None:
    reference, output, mask = images()
    one, other = (
        image.ravel() / 255 for image in (reference, np.where(mask[..., None], output, reference))
    )
    file = write(tmp_path, "features", form)
    cosine = metric(f"network-distance[file={file},output=cosine]")
    expected = 1 - one @ other / np.linalg.norm(one) / np.linalg.norm(other)
    assert score(cosine) == pytest.approx(expected, rel=1e-5)
    l2 = metric(f"network-distance[file={file},output=l2]")
    assert score(l2) == pytest.approx(np.linalg.norm(one - other), rel=1e-5)
    assert (cosine.bounds, l2.bounds) == ((0, 2), (0, math.inf))
    same = Result(reference, mask, reference)
    assert cosine.bind(reference)(same) == l2.bind(reference)(same) == 0
    black = np.zeros_like(reference)
    assert math.isnan(cosine.bind(black)(Result(output, mask, black)))


def test_images_are_resized_where_asked(tmp_path: Path, form: str) -> None:
    made = metric(f"network-score[file={write(tmp_path, 'brightness', form)},size=8]")
    reference, _, mask = images()
    grey = np.full_like(reference, 51)
    assert made.bind(grey)(Result(grey, mask, grey)) == pytest.approx(0.2, rel=1e-5)
    features = write(tmp_path, "features", form)
    made = metric(f"network-distance[file={features},size=8,output=l2]")
    white, black = np.full_like(reference, 255), np.zeros_like(reference)
    full = np.ones_like(mask)
    assert made.bind(white)(Result(black, full, white)) == pytest.approx(math.sqrt(8 * 8 * 3))


def test_the_id_names_the_content_and_never_the_file(tmp_path: Path) -> None:
    file = write(tmp_path, "error", "torchscript").rename(tmp_path / "dreamsim.pt")
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    made = metric(f"network-distance[file={file},digest={sha256[:12].upper()},size=64]")
    assert made.id == f"network-distance[{sha256[:16]},64px]"
    assert made.label == f"Network distance {sha256[:8]},64px"
    other = metric(f"network-distance[file={file},output=cosine,axis=fidelity]")
    assert other.id == f"network-distance[{sha256[:16]},cosine]"
    assert (made.axis, other.axis) == (Axis.perception, Axis.fidelity)
    assert metric(f"network-score[file={file},axis=none]").axis is None


def test_another_content_is_another_metric(tmp_path: Path) -> None:
    reference, output, mask = images()
    file = write(tmp_path, "error", "torchscript")
    text = f"network-score[file={file}]"
    old = metric(text)
    script(file, Brightness())
    new = metric(text)
    assert old != new
    assert old.id != new.id
    found = score_group([old, new], reference, mask, [output])[0]
    assert found == [score(old), score(new)]
    assert found[0] != found[1]


def test_a_file_that_changes_before_it_is_read_is_not_taken_for_the_old_one(
    tmp_path: Path,
) -> None:
    file = write(tmp_path, "error", "torchscript")
    made = registry.metrics().make(f"network-score[file={file}]")
    script(file, Brightness())
    with pytest.raises(MetricUnavailable, match="was changed meanwhile"):
        made.setup()


class TestRefusals:
    @pytest.mark.parametrize(
        ("parameters", "message"),
        [
            ("file={0}/none.pt", "none.pt: can't be read: No such file"),
            ("file={0}", "can't be read: Is a directory"),
            ("file={0}/error.pt,digest=0123456789ab", "its SHA-256 is .*, not 0123456789ab"),
            ("digest=abc", "digest must be 12 to 64 hexadecimal digits"),
            ("size=-1", "size must be at least 0"),
            ("axis=taste", "axis must be perception, fidelity or none, not 'taste'"),
        ],
    )
    def test_of_what_a_person_may_write(
        self, tmp_path: Path, parameters: str, message: str
    ) -> None:
        write(tmp_path, "error", "torchscript")
        with pytest.raises(BenchError, match=message):
            registry.metrics().make(f"network-distance[{parameters.format(tmp_path)}]")

    @pytest.mark.parametrize("ending", ["pt", "onnx"])
    def test_of_files_that_are_no_networks(self, tmp_path: Path, ending: str) -> None:
        file = tmp_path / f"text.{ending}"
        file.write_text("no network")
        with pytest.raises(MetricUnavailable, match=f"text.{ending}: not a network in") as caught:
            metric(f"network-score[file={file}]")
        assert "\n" not in str(caught.value)

    def test_of_no_file(self) -> None:
        with pytest.raises(MetricUnavailable, match=r"network-score\[file=model.onnx\]"):
            metric("network-score")

    def test_of_other_inputs(self, tmp_path: Path) -> None:
        nodes = [helper.make_node("ReduceMean", ["image"], ["score"])]
        file = graph(tmp_path / "other.onnx", ["image"], ["score"], nodes)
        with pytest.raises(MetricUnavailable, match="takes image; wanted reference, composite"):
            metric(f"network-score[file={file}]")

    def test_of_other_outputs(self, tmp_path: Path, form: str) -> None:
        features, error = (write(tmp_path, kind, form) for kind in ("features", "error"))
        with pytest.raises(BenchError, match="returned 1×2304 and 1×2304, wanted one number"):
            score(metric(f"network-score[file={features}]"))
        with pytest.raises(BenchError, match="wanted two tensors of one size"):
            score(metric(f"network-distance[file={error},output=l2]"))

    def test_of_sizes_that_the_network_refuses(self, tmp_path: Path) -> None:
        nodes = [helper.make_node("ReduceMean", ["composite"], ["score"])]
        file = graph(tmp_path / "fixed.onnx", ["composite"], ["score"], nodes)
        model = onnx.load(file)
        for place in (2, 3):
            model.graph.input[0].type.tensor_type.shape.dim[place].dim_value = 16
        onnx.save(model, file)
        with pytest.raises(BenchError, match=r"fixed.onnx: failed on 24×32 pixels: .*") as caught:
            score(metric(f"network-score[file={file}]"))
        assert "\n" not in str(caught.value)
        assert 0 < score(metric(f"network-score[file={file},size=16]")) < 1

    def test_of_code_that_another_persons_run_names(self, tmp_path: Path) -> None:
        file = write(tmp_path, "error", "torchscript")
        with registry.code_refused(True), pytest.raises(BenchError, match="--run-code"):
            registry.metrics().make(f"network-score[file={file}]")
