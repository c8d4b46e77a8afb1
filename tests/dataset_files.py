"""Small files in the layouts of real datasets, made for the tests."""

from __future__ import annotations

import io
import json
import pickle
import tarfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def noise(seed: int, height: int = 12, width: int = 10, channels: int = 3) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)


def write_image(path: Path, pixels: NDArray[np.generic]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(path)
    return path


def write_many(folder: Path, names: list[str]) -> None:
    """Write a dozen different images and link the other names to them."""
    for index, name in enumerate(names):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if index < 12:
            write_image(target, noise(index))
        else:
            target.hardlink_to((folder / names[index % 12]).resolve())


def bsds500(root: Path) -> None:
    counts = {"train": 200, "val": 100, "test": 200}
    for split, count in counts.items():
        names = [f"{100_000 + 7 * n}.jpg" for n in range(count)]
        write_many(root / "BSR/BSDS500/data/images" / split, names)
        (root / "BSR/BSDS500/data/images" / split / "Thumbs.db").write_bytes(b"not an image")


def kodak(root: Path) -> None:
    write_many(root, [f"kodim{n:02}.png" for n in range(1, 25)])


def set14(root: Path) -> None:
    folder = root / "image_SRF_2"
    write_many(folder, [f"img_{n:03}_SRF_2_HR.png" for n in range(1, 15)])
    write_image(folder / "img_001_SRF_2_LR.png", noise(99))


def urban100(root: Path) -> None:
    write_many(root / "Urban100_HR", [f"img_{n:03}.png" for n in range(1, 101)])


def div2k_val(root: Path) -> None:
    write_many(root / "DIV2K_valid_HR", [f"{n:04}.png" for n in range(801, 901)])


def paris_streetview(root: Path) -> None:
    write_many(root / "paris_eval_gt", [f"{n:03}_im.png" for n in range(1, 101)])


def dtd(root: Path) -> None:
    names = [f"banded/banded_{n:04}.jpg" for n in range(1880)]
    write_many(root / "dtd/images", names)
    labels = root / "dtd/labels/test1.txt"
    labels.parent.mkdir(parents=True)
    labels.write_text("\n".join(names))


def celeba_hq(root: Path) -> None:
    """Faces 0 to 2,823 of the test split, and two more of the other splits."""
    originals = [*range(182_638, 182_638 + 2824), 1, 170_000]
    lines = ["idx       orig_idx  orig_file"]
    lines += [f"{n}  {orig - 1}  {orig:06}.jpg" for n, orig in enumerate(originals)]
    write_many(root / "CelebA-HQ-img", [f"{n}.jpg" for n in range(len(originals))])
    (root / "CelebA-HQ-to-CelebA-mapping.txt").write_text("\n".join(lines))


def ffhq(root: Path) -> None:
    names = [f"{n // 1000 * 1000}/{n:05}.png" for n in range(68_990, 69_014)]
    write_many(root / "images1024x1024", names)
    write_image(root / "images1024x1024/59000/59999.png", noise(99))


def places365_val(root: Path) -> None:
    write_many(root / "val_256", [f"Places365_val_{n:08}.jpg" for n in range(1, 25)])


def imagenet_1k_val(root: Path) -> None:
    write_many(root, [f"ILSVRC2012_val_{n:08}.JPEG" for n in range(1, 25)])


def scenes(root: Path, names: list[str], folders: tuple[str, ...], hole: int = 255) -> None:
    """Write pictures with and without an object, a mask of it and one of it and its shadow.

    `folders` are of input, reference ("" for none), mask, and effect where there is one.
    """
    given, reference, *masks = (root / folder for folder in folders)
    write_many(given, names)
    if reference != root:
        write_many(reference, [f"{Path(name).stem}.png" for name in reversed(names)])
    for place, (bottom, right) in zip(masks, ((6, 5), (8, 5)), strict=False):
        marked = np.full((12, 10, 1), 255 - hole, np.uint8)
        marked[3:bottom, 2:right] = hole
        first = write_image(place / f"{Path(names[0]).stem}.png", marked)
        for name in names[1:]:
            (place / f"{Path(name).stem}.png").hardlink_to(first)


def rord(root: Path) -> None:
    for split, count in (("test", 15), ("train", 21)):
        names = [f"{n}.png" for n in range(1, count)]
        scenes(root / split, names, ("img", "gt", "mask"), hole=0)


def removalbench(root: Path) -> None:
    scenes(root, [f"{n}.jpg" for n in range(70)], ("input", "reference", "masks"))


def rorem(root: Path) -> None:
    scenes(root, [f"{n:05}.png" for n in range(5)], ("source", "GT", "mask"))
    (root / "meta.json").write_text("{}")


def corne_val(root: Path) -> None:
    names = [f"{n}.png" for n in range(219)]
    scenes(root, names, ("shot", "bg", "mask_sam", "mask_eff"))


def dor_bench(root: Path) -> None:
    scenes(root, [f"{n}.jpg" for n in range(400)], ("images", "", "masks"))
    (root / "metadata.jsonl").write_text("{}\n")


def removal(root: Path) -> None:
    names = ["street 2.png", "street 10.png"]
    scenes(root, names, ("input", "reference", "masks", "effects"))
    (root / "prompts.json").write_text('{"street 2.png": "an empty street"}')


def ober(root: Path) -> None:
    """Write the three subsets in two files, and a row of another split."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    def png(pixels: NDArray[np.uint8]) -> dict[str, object]:
        stored = io.BytesIO()
        Image.fromarray(pixels).save(stored, "PNG")
        return {"bytes": stored.getvalue(), "path": None}

    masks = np.zeros((2, 12, 10), np.uint8)
    masks[0, 3:6, 2:5] = masks[1, 3:8, 2:5] = 255
    kept = {
        "input": png(noise(1)),
        "gt": png(noise(2)),
        "object_mask": png(masks[0]),
        "object_effect_mask": png(masks[1]),
    }
    rows = [kept | {"subset": "a", "split": "test"}] * 163
    rows += [kept | {"subset": "b", "split": "test"}] * 343
    rows += [kept | {"gt": None, "object_effect_mask": None, "subset": "c", "split": "test"}] * 302
    rows += [kept | {"subset": "a", "split": "train"}]
    root.mkdir(exist_ok=True)
    for number, part in enumerate((rows[:400], rows[400:])):
        pq.write_table(
            pa.Table.from_pylist(part), root / f"test-{number}.parquet", row_group_size=100
        )


def mapped(root: Path) -> None:
    """Write two pictures of 512² with a mapping file."""
    entries = {}
    for number in range(2):
        image = f"images/{number:09}.jpg"
        write_image(root / image, noise(number, 512, 512))
        entries[f"{number:09}"] = {
            "image": image,
            "caption": f"picture {number}",
            "inpainting_mask": [513, 2, 1030, 1],
            "outpainting_mask": [1, 512 * 512 - 5],
        }
    (root / "mapping_file.json").write_text(json.dumps(entries))


SCENES = {
    "rord": rord,
    "removalbench": removalbench,
    "rorem": rorem,
    "corne-val": corne_val,
    "dor-bench": dor_bench,
    "removal": removal,
    "ober-test": ober,
    "ober-wild": ober,
    "brushbench": mapped,
    "editbench": mapped,
}
COLLECTIONS = {
    "bsds500": bsds500,
    "kodak": kodak,
    "set14": set14,
    "urban100": urban100,
    "div2k-val": div2k_val,
    "paris-streetview": paris_streetview,
    "dtd": dtd,
    "celeba-hq": celeba_hq,
}
# Tens of thousands of files in truth; here the first 24.
LARGE_COLLECTIONS = {
    "ffhq": ffhq,
    "places365-val": places365_val,
    "imagenet-1k-val": imagenet_1k_val,
}
LARGE_COUNT = 24


def cifar_batch(rows: int, seed: int = 0) -> dict[bytes, object]:
    data = np.random.default_rng(seed).integers(0, 256, (rows, 3072), dtype=np.uint8)
    return {b"batch_label": b"a batch", b"data": data, b"labels": [n % 10 for n in range(rows)]}


CIFAR_BATCHES = ("test_batch", *(f"data_batch_{n}" for n in range(1, 6)))


def cifar10(root: Path, rows: int = 7) -> Path:
    """Write an archive like the official one, with fewer rows in each batch."""
    batches = {
        f"cifar-10-batches-py/{name}": pickle.dumps(cifar_batch(rows, seed), protocol=2)
        for seed, name in enumerate(CIFAR_BATCHES)
    }
    return write_tar(root / "cifar-10-python.tar.gz", batches)


def write_tar(path: Path, files: dict[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = "w:gz" if path.name.endswith("gz") else "w"
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


def folder(root: Path) -> None:
    write_image(root / "photo 2.jpg", noise(2))
    write_image(root / "photo 10.png", noise(3, channels=1))
    write_image(root / "trip/harbour.png", noise(4))
    write_image(root / "trip/harbour_mask.png", hole(12, 10))


def damaged(root: Path) -> None:
    write_image(root / "bench.png", noise(5))
    write_image(root / "bench_mask.png", hole(12, 10))


def pairs(root: Path) -> None:
    reference = noise(6)
    copy = reference.copy()
    copy[3:6, 2:5] ^= 0xFF
    write_image(root / "reference/a.png", reference)
    write_image(root / "damaged/a.png", copy)


def hole(height: int, width: int) -> NDArray[np.uint8]:
    mask = np.zeros((height, width, 1), np.uint8)
    mask[3:6, 2:5] = 255
    return mask


def dicom(root: Path, pixels: NDArray[np.generic] | None = None, **tags: object) -> Path:
    """Write a grey or colour DICOM file with pydicom."""
    import pydicom
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

    if pixels is None:
        pixels = np.arange(20 * 16, dtype=np.uint16).reshape(20, 16) * 11
    meta = pydicom.dataset.FileMetaDataset()
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=["inpaintbench"])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file = pydicom.dataset.FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    file.SOPClassUID, file.SOPInstanceUID = SecondaryCaptureImageStorage, "1.2.3"
    file.Modality = "OT"
    file.SamplesPerPixel = 1
    file.PhotometricInterpretation = "MONOCHROME2"
    file.Rows, file.Columns = pixels.shape[-2:]
    bits = pixels.dtype.itemsize * 8
    file.BitsAllocated, file.BitsStored, file.HighBit = bits, bits, bits - 1
    file.PixelRepresentation = int(pixels.dtype.kind == "i")
    for tag, value in tags.items():
        setattr(file, tag, value)
    file.PixelData = pixels.tobytes()
    root.mkdir(parents=True, exist_ok=True)
    file.save_as(root / "IM0001", enforce_file_format=True)
    return root / "IM0001"


def nifti(root: Path) -> Path:
    """Write a volume of 5 × 6 × 7 with nibabel, stored as LPS."""
    import nibabel

    values = np.arange(5 * 6 * 7, dtype=np.int16).reshape(5, 6, 7)
    root.mkdir(parents=True, exist_ok=True)
    path = root / "scan.nii.gz"
    nibabel.save(nibabel.Nifti1Image(values, np.diag([-1.0, -1.0, 1.0, 1.0])), path)
    return path
