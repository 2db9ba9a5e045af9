"""The peer of the train-step benchmark: the same networks, objective and optimizer in eager PyTorch.

usage: train_step.py NETWORK FILE BATCH_SIZE THREADS DEVICE PRECISION
FILE: a safetensors file with weights and data; PRECISION: float32, or bfloat16 (autocast)

Reads commands from stdin, one a line, and answers each with a line of JSON:
  logits   the first batch's logits in evaluation mode
  run N    makes N training steps; their seconds, and the loss of the last one
"""
import json
import sys
import time
from contextlib import nullcontext

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

TEMPERATURE = 4.0
SOFT, HARD = 0.9, 0.1


class Mlp(nn.Sequential):
    def __init__(self, classes=10):
        super().__init__(
            nn.Flatten(),
            nn.Linear(784, 800), nn.ReLU(inplace=True),
            nn.Linear(800, 800), nn.ReLU(inplace=True),
            nn.Linear(800, classes),
        )


class Cnn(nn.Sequential):
    def __init__(self, classes=10):
        super().__init__(
            nn.Unflatten(1, (1, 28)),
            *self.layer(1, 32), nn.MaxPool2d(2),
            *self.layer(32, 64), nn.MaxPool2d(2),
            *self.layer(64, 64),
            nn.Flatten(),
            nn.Linear(64 * 7 * 7, 128), nn.ReLU(inplace=True),
            nn.Linear(128, classes),
        )

    @staticmethod
    def layer(inputs, outputs):
        return nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.shortcut = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        y += self.shortcut(x)
        return self.relu(y)


class ResNet20(nn.Sequential):
    def __init__(self, classes=10):
        widths = [16, 16, 16, 32, 32, 32, 64, 64, 64]
        blocks = []
        inputs = 16
        for width in widths:
            blocks.append(BasicBlock(inputs, width, 1 if width == inputs else 2))
            inputs = width
        super().__init__(
            nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True),
            *blocks,
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, classes),
        )


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.scale = (width // heads) ** -0.5
        self.qkv = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)

    def forward(self, x):
        n, tokens, width = x.shape
        qkv = self.qkv(x).reshape(n, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        queries, keys, values = qkv.unbind(0)
        shares = (queries @ keys.transpose(-2, -1) * self.scale).softmax(dim=-1)
        return self.output((shares @ values).transpose(1, 2).reshape(n, tokens, width))


class Block(nn.Module):
    def __init__(self, width, heads, hidden):
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Vit(nn.Module):
    def __init__(self, classes=10, width=192, depth=6, heads=3, patch=4, size=32):
        super().__init__()
        self.patches = nn.Conv2d(3, width, patch, patch)
        self.class_token = nn.Parameter(torch.zeros(1, 1, width))
        self.positions = nn.Parameter(torch.zeros(1, 1 + (size // patch) ** 2, width))
        self.blocks = nn.Sequential(*(Block(width, heads, 4 * width) for _ in range(depth)))
        self.norm = nn.LayerNorm(width)
        self.classifier = nn.Linear(width, classes)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_token.expand(x.shape[0], -1, -1), x], dim=1) + self.positions
        return self.classifier(self.norm(self.blocks(x))[:, 0])


NETWORKS = {"mlp": Mlp, "cnn": Cnn, "resnet20": ResNet20, "vit": Vit}


def read_safetensors(path):
    """The tensors by name, in the order of their names."""
    with open(path, "rb") as file:
        content = file.read()
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    tensors = {}
    for name in sorted(header.keys() - {"__metadata__"}):
        entry = header[name]
        begin, end = entry["data_offsets"]
        values = np.frombuffer(content[start + begin : start + end], {"F32": np.float32, "I64": np.int64}[entry["dtype"]])
        tensors[name] = torch.from_numpy(values.reshape(entry["shape"]).copy())
    return tensors


def load_weights(network, weights):
    """Both sides list their weights in the order of the forward pass."""
    state = {name: value for name, value in network.state_dict().items() if not name.endswith("num_batches_tracked")}
    # PyTorch lists a module's own parameters before those of its children.
    order = sorted(state, key=lambda name: {"class_token": 1, "positions": 2}.get(name, 0 if name.startswith("patches") else 3))
    if len(order) != len(weights):
        raise SystemExit(f"{len(weights)} weights for {len(order)} places")
    for name, value in zip(order, weights):
        if state[name].shape != value.shape:
            raise SystemExit(f"{name} has shape {tuple(state[name].shape)}, got {tuple(value.shape)}")
        state[name].copy_(value)


def objective(logits, teacher, labels):
    soft = F.kl_div(
        F.log_softmax(logits / TEMPERATURE, dim=1), F.log_softmax(teacher / TEMPERATURE, dim=1), reduction="batchmean", log_target=True
    )
    return SOFT * TEMPERATURE**2 * soft + HARD * F.cross_entropy(logits, labels)


def sgd(network):
    decayed = [p for p in network.parameters() if p.ndim >= 2]
    others = [p for p in network.parameters() if p.ndim < 2]
    return torch.optim.SGD(
        [{"params": decayed, "weight_decay": 5e-4}, {"params": others}], lr=0.01, momentum=0.9, nesterov=True, foreach=True
    )


def main(name, path, batch_size, threads, device, precision):
    torch.set_num_threads(threads)
    if device != "cpu":  # as ours: full float32
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    tensors = read_safetensors(path)
    network = NETWORKS[name]()
    load_weights(network, [value for key, value in tensors.items() if key.startswith("weights/")])
    network.to(device)
    samples, teacher, labels = (tensors[key].to(device).split(batch_size) for key in ("samples", "teacher", "labels"))
    optimizer = sgd(network)
    network.train()
    step = 0

    def precise():
        return torch.autocast(torch.device(device).type, torch.bfloat16) if precision == "bfloat16" else nullcontext()

    def run(count):
        nonlocal step
        start = time.perf_counter()
        for _ in range(count):
            i = step % len(samples)
            with precise():
                given = network(samples[i])
            loss = objective(given.float(), teacher[i], labels[i])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            step += 1
        last = loss.item()
        return {"seconds": time.perf_counter() - start, "loss": last}

    def logits():
        network.eval()
        with torch.no_grad():
            values = network(samples[0]).flatten().tolist()
        network.train()
        return values

    for line in sys.stdin:
        command, *arguments = line.split()
        answer = logits() if command == "logits" else run(int(arguments[0]))
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), *sys.argv[5:])
