import json

import numpy as np
import pytest

from examples.minilm import tensors

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "adder", "."]


@pytest.fixture
def model(tmp_path):
    """An encoder of four numbers a token."""
    rng = np.random.default_rng(1)
    shapes = {
        "embeddings.word_embeddings.weight": (len(VOCABULARY), 4),
        "embeddings.position_embeddings.weight": (64, 4),
        "embeddings.token_type_embeddings.weight": (2, 4),
        "embeddings.LayerNorm.weight": (4,),
        "embeddings.LayerNorm.bias": (4,),
        "encoder.layer.0.attention.self.query.weight": (4, 4),
    }
    content, header = b"", {}
    for name, shape in shapes.items():
        data = rng.normal(size=shape).astype("<f4").tobytes()
        offsets = [len(content), len(content) + len(data)]
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": offsets}
        content += data
    text = json.dumps(header).encode()
    (tmp_path / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + content)
    (tmp_path / "vocab.txt").write_text("\n".join(VOCABULARY))
    return tmp_path


def test_tokens():
    assert tensors.tokens("The adder, the.", VOCABULARY) == [2, 4, 5, 1, 4, 6, 3]


def test_activations_are_normalized(model):
    file = model / "model.safetensors"
    rows = tensors.activations(file, [2, 4, 4, 3])
    assert rows.shape == (4, 4)
    # The same token elsewhere is something else.
    assert not np.allclose(rows[1], rows[2])
    scale = tensors.read_tensor(file, "embeddings.LayerNorm.weight").astype(np.float64)
    bias = tensors.read_tensor(file, "embeddings.LayerNorm.bias").astype(np.float64)
    normal = (rows - bias) / scale
    assert np.allclose(normal.mean(axis=1), 0)
    assert np.allclose(normal.std(axis=1), 1)


def test_files(model, tmp_path, capsys):
    assert tensors.main([str(model), "-o", str(tmp_path)]) == 0
    assert np.load(tmp_path / "weights.npy").shape == (4, 4)
    rows = np.load(tmp_path / "activations.npy")
    assert rows.dtype == np.float32
    assert len(rows) == len(tensors.tokens(tensors.TEXT, VOCABULARY)) > 40
    (model / "vocab.txt").unlink()
    assert tensors.main([str(model), "-o", str(tmp_path)]) == 2
    assert "vocab.txt" in capsys.readouterr().err
