"""The peer of the peak-memory benchmark: teacher outputs stored, or a student trained from them, in eager PyTorch.

usage: peak_memory.py capture IMAGES TEACHER LOGITS BATCH_SIZE THREADS EPOCHS PEER          writes LOGITS, rows x 10 floats
       peak_memory.py mlp|cnn IMAGES LABELS LOGITS STUDENT BATCH_SIZE THREADS EPOCHS PEER   trains that student

Rows are read from the files when their turn comes and no file is mapped, so that only what is needed is in memory; or, where
PEER is 'holds' and not 'reads', a training has all images in memory as the bytes they are, as torchvision's MNIST has.
Prints the most memory that the process ever held, in MiB (VmHWM).
"""
import os
import sys

import numpy as np
import torch
from end_to_end import load_teacher, mlp_teacher
from train_step import NETWORKS, load_weights, objective, read_safetensors, sgd

CLASSES = 10
SAMPLE = 28 * 28
IMAGES_HEADER, LABELS_HEADER = 16, 8


class Rows:
    """Rows of a file, read on demand."""

    def __init__(self, path, header, dtype, length):
        self.file = os.open(path, os.O_RDONLY)
        self.header, self.dtype, self.length = header, np.dtype(dtype), length
        self.bytes = length * self.dtype.itemsize
        self.count = (os.fstat(self.file).st_size - header) // self.bytes

    def __getitem__(self, rows):
        content = b"".join(os.pread(self.file, self.bytes, self.header + self.bytes * row) for row in rows)
        return torch.from_numpy(np.frombuffer(bytearray(content), self.dtype).reshape(len(rows), self.length))


class HeldRows(Rows):
    """Rows of bytes, all in memory."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.content = torch.empty((self.count, self.length), dtype=torch.uint8)
        os.preadv(self.file, [self.content.numpy()], self.header)

    def __getitem__(self, rows):
        return self.content[rows]


def read_images(images, rows):
    return (images[rows].float() / 255).reshape(-1, 28, 28)


def capture(images, teacher_file, logits_file, batch_size):
    teacher = mlp_teacher()
    load_teacher(teacher, read_safetensors(teacher_file).values())
    teacher.eval()
    images = Rows(images, IMAGES_HEADER, np.uint8, SAMPLE)
    with open(logits_file, "wb") as file, torch.no_grad():
        for first in range(0, images.count, batch_size):
            rows = range(first, min(first + batch_size, images.count))
            file.write(teacher(read_images(images, rows)).numpy().tobytes())


def train(name, images, labels, logits, student_file, batch_size, epochs, peer):
    student = NETWORKS[name](CLASSES)
    load_weights(student, [value for key, value in read_safetensors(student_file).items() if key.startswith("weights/")])
    student.train()
    optimizer = sgd(student)
    images = (HeldRows if peer == "holds" else Rows)(images, IMAGES_HEADER, np.uint8, SAMPLE)
    labels = Rows(labels, LABELS_HEADER, np.uint8, 1)
    logits = Rows(logits, 0, np.float32, CLASSES)
    for order in (order for _ in range(epochs) for order in torch.randperm(images.count).split(batch_size)):
        rows = order.tolist()
        loss = objective(student(read_images(images, rows)), logits[rows], labels[rows].flatten().long())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()


def peak():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmHWM:"))


def main(what, *arguments):
    *files, batch_size, threads, epochs, peer = arguments
    torch.set_num_threads(int(threads))
    if what == "capture":
        capture(*files, int(batch_size))
    else:
        train(what, *files, int(batch_size), int(epochs), peer)
    print(peak())


if __name__ == "__main__":
    main(*sys.argv[1:])
