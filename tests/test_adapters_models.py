"""Exported models: each adapter gives the model just what its convention says.

The models are made here. Where a model's answer shows what it was given, the test reads its
inputs off the answer.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inpaintbench.methods.lama import Lama
from inpaintbench.methods.migan import Migan
from inpaintbench.methods.networks.convention import Convention
from inpaintbench.methods.onnx import Onnx
from inpaintbench.methods.torchscript import TorchScript
from inpaintbench.planning.keys import method_key

torch = pytest.importorskip("torch")


class Marked(torch.nn.Module):
    """Returns the image with 1 where its mask is high, in a network that wants [0, 1]."""

    def forward(self, image, mask):
        return image * (1 - mask) + mask


class MaskFirst(torch.nn.Module):
    def forward(self, mask, image):
        return image * (1 - mask) + mask


class Joined(torch.nn.Module):
    """One input of four channels; returns a coarse and a fine image."""

    def forward(self, joined):
        return -joined[:, :3], joined[:, :3] * (1 - joined[:, 3:]) + joined[:, 3:]


class NeedsMultiple(torch.nn.Module):
    def forward(self, image, mask):
        smaller = torch.nn.functional.avg_pool2d(image, 8)
        larger = torch.nn.functional.interpolate(smaller, scale_factor=8.0)
        return image * (1 - mask) + larger * mask


def save(module: torch.nn.Module, path: Path) -> str:
    torch.jit.script(module).save(str(path))
    return str(path)


@pytest.fixture
def case() -> tuple[np.ndarray, np.ndarray]:
    image = np.random.default_rng(0).integers(1, 255, (24, 40, 3), dtype=np.uint8)
    mask = np.zeros((24, 40), dtype=bool)
    mask[5:15, 10:30] = True
    image[mask] = 0
    return image, mask


@pytest.mark.parametrize(
    ("module", "call"),
    [(Marked, "image,mask"), (MaskFirst, "mask,image"), (Joined, "joined")],
)
def test_calls(module, call, case, tmp_path):
    image, mask = case
    method = TorchScript(model=save(module(), tmp_path / "m.pt"), call=call)
    method.setup("cpu", 0)
    filled = method.inpaint(image, mask)
    assert np.allclose(filled[~mask], image[~mask], atol=1e-4)
    assert np.allclose(filled[mask], 255)


def test_ranges_and_polarity(case, tmp_path):
    image, mask = case
    path = save(Marked(), tmp_path / "m.pt")
    method = TorchScript(model=path, image_range="-1..1", output_range="-1..1", mask="known")
    method.setup("cpu", 0)
    filled = method.inpaint(image, mask)
    assert np.allclose(filled[~mask], 255)  # the network sees 1 where the image is known
    assert np.allclose(filled[mask], 0, atol=1e-4)  # and black, -1, in the hole


@pytest.mark.parametrize("shape", [(24, 40), (25, 41), (31, 9)])
def test_sides_are_extended_and_cut_back(shape, tmp_path):
    method = TorchScript(model=save(NeedsMultiple(), tmp_path / "m.pt"), multiple=8)
    method.setup("cpu", 0)
    image = np.full((*shape, 3), 90, dtype=np.uint8)
    mask = np.zeros(shape, dtype=bool)
    mask[3:6, 2:5] = True
    filled = method.inpaint(image, mask)
    assert filled.shape == (*shape, 3)
    assert np.allclose(filled, 90, atol=1e-3)


@pytest.mark.parametrize(("dtype", "channels"), [("uint8", 1), ("uint16", 3), ("uint16", 1)])
def test_grey_and_16_bits(dtype, channels, tmp_path):
    method = Lama(model=save(Marked(), tmp_path / "m.pt"))
    method.setup("cpu", 0)
    highest = np.iinfo(dtype).max
    image = np.full((16, 16, channels), highest // 3, dtype=dtype)
    mask = np.zeros((16, 16), dtype=bool)
    mask[4:8, 4:8] = True
    filled = method.inpaint(image, mask)
    assert filled.shape == image.shape
    assert np.allclose(filled[mask], highest)
    assert np.allclose(filled[~mask], highest // 3, rtol=1e-5)


def test_lama_convention():
    """big-lama.pt: image in [0, 1], mask 1 = hole, multiples of 8 (advimman/lama, to_jit.py)."""
    assert Lama().convention() == Convention("0..1", "0..1", "hole", 1.0, 8)


def onnx_model(path: Path, kind: int, names: tuple[str, str], invert: bool) -> str:
    """Save ``image·(1 - m) + 200·m`` with m = 1 where the mask is high, or where it is 0."""
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    single = TensorProto.FLOAT
    high = 255.0 if kind == TensorProto.UINT8 else 1.0

    def constant(name, value):
        return numpy_helper.from_array(np.array(value, dtype=np.float32), name)

    nodes = [
        helper.make_node("Cast", [names[0]], ["pixels"], to=single),
        helper.make_node("Cast", [names[1]], ["raw"], to=single),
        helper.make_node("Div", ["raw", "high"], ["marks"]),
        helper.make_node("Sub", ["one", "marks"], ["unmarked"]),
        helper.make_node("Mul", ["pixels", "marks" if invert else "unmarked"], ["kept"]),
        helper.make_node("Mul", ["paint", "unmarked" if invert else "marks"], ["painted"]),
        helper.make_node("Add", ["kept", "painted"], ["sum"]),
        helper.make_node("Cast", ["sum"], ["result"], to=kind),
    ]
    paint = 200.0 if kind == TensorProto.UINT8 else 200 / 255
    graph = helper.make_graph(
        nodes,
        "paint",
        [
            helper.make_tensor_value_info(names[0], kind, [1, 3, "h", "w"]),
            helper.make_tensor_value_info(names[1], kind, [1, 1, "h", "w"]),
        ],
        [helper.make_tensor_value_info("result", kind, [1, 3, "h", "w"])],
        [constant("high", high), constant("one", 1.0), constant("paint", paint)],
    )
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=9), str(path))
    return str(path)


@pytest.mark.parametrize("names", [("image", "mask"), ("input", "Mask_in")])
def test_onnx(names, case, tmp_path):
    pytest.importorskip("onnxruntime")
    image, mask = case
    method = Onnx(model=onnx_model(tmp_path / "m.onnx", 1, names, invert=False))
    method.setup("cpu", 0)
    filled = method.inpaint(image, mask)
    assert np.allclose(filled[mask], 200, atol=1e-3)
    assert np.allclose(filled[~mask], image[~mask], atol=1e-3)


def test_migan_takes_bytes_and_known_is_white(case, tmp_path):
    """migan_pipeline_v2.onnx: bytes in and out, mask 255 = known."""
    pytest.importorskip("onnxruntime")
    image, mask = case
    path = onnx_model(tmp_path / "m.onnx", 2, ("image", "mask"), invert=True)  # 2 = UINT8
    method = Migan(model=path)
    method.setup("cpu", 0)
    filled = method.inpaint(image[:23, :37], mask[:23, :37])
    assert filled.shape == (23, 37, 3)
    assert (filled[mask[:23, :37]] == 200).all()
    assert (filled[~mask[:23, :37]] == image[:23, :37][~mask[:23, :37]]).all()


def test_onnx_refuses_a_model_of_other_inputs(tmp_path):
    pytest.importorskip("onnxruntime")
    onnx = pytest.importorskip("onnx")
    from onnx import helper

    info = helper.make_tensor_value_info("x", 1, [1, 4, 8, 8])
    out = helper.make_tensor_value_info("y", 1, [1, 4, 8, 8])
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [info], [out])
    opset = [helper.make_opsetid("", 17)]
    path = tmp_path / "m.onnx"
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=9), str(path))
    with pytest.raises(ValueError, match="wanted an image and a mask"):
        Onnx(model=str(path)).setup("cpu", 0)


@pytest.mark.parametrize("cls", [TorchScript, Lama, Onnx, Migan])
def test_without_a_model_it_says_so(cls, case, tmp_path):
    unset, missing = cls(), cls(model=str(tmp_path / "none.pt"))
    for method, said in ((unset, f"{cls.name}[model="), (missing, "no such model file")):
        assert said in method.unavailable()
        with pytest.raises(ValueError, match="model"):
            method.inpaint(*case)


def test_the_file_is_part_of_the_key(tmp_path):
    first = Lama(model=save(Marked(), tmp_path / "a.pt")).fingerprint()
    second = Lama(model=save(NeedsMultiple(), tmp_path / "b.pt")).fingerprint()
    assert len(first) == 64
    assert first != second


def test_the_place_of_the_file_is_no_part_of_the_key(tmp_path):
    first = save(Marked(), tmp_path / "a.pt")
    second = tmp_path / "elsewhere" / "b.pt"
    second.parent.mkdir()
    second.write_bytes(Path(first).read_bytes())
    keys = {method_key(Lama(model=path), "cpu") for path in (first, str(second))}
    assert len(keys) == 1
    missing = {method_key(Lama(model=path), "cpu") for path in ("a.pt", "b.pt")}
    assert len(missing) == 2


@pytest.mark.parametrize("location", ["m.onnx.data", "weights of the net/" + "w" * 140])
def test_tensors_kept_beside_an_onnx_file_are_part_of_the_key(location, tmp_path):
    onnx = pytest.importorskip("onnx")
    weights = onnx.numpy_helper.from_array(np.zeros((64, 64), np.float32), "W")
    node = onnx.helper.make_node("Identity", ["W"], ["out"])
    value = onnx.helper.make_tensor_value_info("out", onnx.TensorProto.FLOAT, [64, 64])
    graph = onnx.helper.make_graph([node], "g", [], [value], [weights])
    (tmp_path / location).parent.mkdir(exist_ok=True)
    onnx.save_model(
        onnx.helper.make_model(graph),
        str(tmp_path / "m.onnx"),
        save_as_external_data=True,
        location=location,
        size_threshold=10,
    )
    (tmp_path / "unrelated").write_bytes(b"1")
    method = Onnx(model=str(tmp_path / "m.onnx"))
    before = method.fingerprint()
    (tmp_path / "unrelated").write_bytes(b"2")
    assert method.fingerprint() == before
    (tmp_path / location).write_bytes(np.ones((64, 64), np.float32).tobytes())
    assert method.fingerprint() != before


@pytest.mark.parametrize(
    "wrong",
    [{"image_range": "0..2"}, {"mask": "white"}, {"call": "both"}, {"multiple": 0}],
)
def test_unknown_conventions_are_refused(wrong):
    with pytest.raises(ValueError, match="must be"):
        TorchScript(**wrong)


def test_a_model_that_returns_another_shape_is_refused(tmp_path, case):
    class Half(torch.nn.Module):
        def forward(self, image, mask):
            return image[:, :, ::2, ::2]

    method = TorchScript(model=save(Half(), tmp_path / "m.pt"))
    with pytest.raises(ValueError, match="the model returned"):
        method.inpaint(*case)
