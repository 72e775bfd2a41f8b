"""What ONNX Runtime takes to embed the same texts: the yardstick of `cargo bench --bench budget embedding`.

    python3 onnx_yardstick.py FOLDER THREADS

FOLDER is what `assets/model/convert.py --onnx FOLDER` made. Reads a request a line, a JSON object with `texts`, the
`batch` to take them in, and whether the `vectors` are wanted; answers with a JSON object a line: `ms` for each
batch and, where wanted, `vectors`. An empty object says that it is ready. Needs onnxruntime, tokenizers and numpy.
"""

import json
import sys
import time

import numpy
import onnxruntime
from tokenizers import Tokenizer

MOST_TOKENS = 256


def main() -> None:
    folder, threads = sys.argv[1], int(sys.argv[2])
    tokenizer = Tokenizer.from_file(f"{folder}/tokenizer.json")
    tokenizer.enable_truncation(MOST_TOKENS)
    tokenizer.enable_padding()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        f"{folder}/model.onnx", options, providers=["CPUExecutionProvider"]
    )

    def embed(texts: list[str]) -> numpy.ndarray:
        encoded = tokenizer.encode_batch(texts)
        ids = numpy.array([text.ids for text in encoded], numpy.int64)
        mask = numpy.array([text.attention_mask for text in encoded], numpy.int64)
        (states,) = session.run(None, {"input_ids": ids, "attention_mask": mask})
        vectors = (states * mask[:, :, None]).sum(axis=1)
        return vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True)

    print("{}", flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        texts, batch = request["texts"], request["batch"]
        taken, vectors = [], []
        for first in range(0, len(texts), batch):
            began = time.perf_counter()
            vectors.extend(embed(texts[first : first + batch]))
            taken.append((time.perf_counter() - began) * 1000)
        answer = {"ms": taken}
        if request["vectors"]:
            answer["vectors"] = [vector.tolist() for vector in vectors]
        print(json.dumps(answer), flush=True)


main()
