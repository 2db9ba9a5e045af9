"""The peer of the end-to-end benchmark: distillation in eager PyTorch with the teacher in the loop.

usage: end_to_end.py CASE IMAGES LABELS TEACHER STUDENT BATCH_SIZE THREADS
  CASE              mlp or resnet
  IMAGES, LABELS    IDX files
  TEACHER, STUDENT  safetensors files with weights: "teacher/...", "weights/..."

Reads commands from stdin, one a line, and answers each with a line of JSON:
  logits   what the teacher gives for the first image
  run N    trains N epochs; their seconds, and the mean loss of the last one
"""
import json
import sys
import time

import numpy as np
import torch
from torch import nn
from train_step import Mlp, ResNet20, load_weights, objective, read_safetensors, sgd


class TeacherBlock(nn.Module):
    """BatchNorms are folded into the convolutions, as in the ONNX file: a faster teacher than most who train in PyTorch have."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.shortcut = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1, stride)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        y = self.conv2(self.relu(self.conv1(x)))
        y += self.shortcut(x)
        return self.relu(y)


def mlp_teacher():
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 1200), nn.ReLU(inplace=True),
        nn.Linear(1200, 1200), nn.ReLU(inplace=True),
        nn.Linear(1200, 10),
    )


def resnet_teacher():
    blocks = []
    inputs = 32
    for width in (64, 128, 256):
        for block in range(5):
            blocks.append(TeacherBlock(inputs, width, 2 if width > 64 and block == 0 else 1))
            inputs = width
    return nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(inplace=True),
        *blocks,
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(256, 100),
    )


CASES = {"mlp": (mlp_teacher, lambda: Mlp(10)), "resnet": (resnet_teacher, lambda: ResNet20(100))}


def read_idx(path):
    content = np.fromfile(path, np.uint8)
    axes = content[3]
    shape = content[4 : 4 + 4 * axes].view(">u4").astype(int)
    return torch.from_numpy(content[4 + 4 * axes :].reshape(shape))


def load_teacher(teacher, weights):
    with torch.no_grad():
        for parameter, value in zip(teacher.parameters(), weights, strict=True):
            # ONNX's products have the inputs on the first axis.
            parameter.copy_(value.T if value.ndim == 2 else value)


def main(case, images, labels, teacher_file, student_file, batch_size, threads):
    torch.set_num_threads(threads)
    teacher, student = (build() for build in CASES[case])
    load_teacher(teacher, read_safetensors(teacher_file).values())
    load_weights(student, [value for key, value in read_safetensors(student_file).items() if key.startswith("weights/")])
    teacher.eval()
    student.train()
    optimizer = sgd(student)
    samples = read_idx(images).float() / 255
    labels = read_idx(labels).long()

    def epoch():
        total = 0.0
        for rows in torch.randperm(len(samples)).split(batch_size):
            x, y = samples[rows], labels[rows]
            with torch.no_grad():
                soft = teacher(x)
            loss = objective(student(x), soft, y)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        return total / len(samples)

    def run(epochs):
        start = time.perf_counter()
        for _ in range(epochs):
            loss = epoch()
        return {"seconds": time.perf_counter() - start, "loss": loss}

    def logits():
        with torch.no_grad():
            return teacher(samples[:1]).flatten().tolist()

    for line in sys.stdin:
        command, *arguments = line.split()
        print(json.dumps(logits() if command == "logits" else run(int(arguments[0]))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:6], int(sys.argv[6]), int(sys.argv[7]))
