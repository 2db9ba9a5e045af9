"""The peer of the soft-loss benchmark: the loss and its gradient as PyTorch users write them.

usage: soft_loss.py FILE TEMPERATURE THREADS    FILE: a safetensors file with "student" and "teacher", rows x classes

Reads commands from stdin, one a line, and answers each with a line of JSON:
  run N    computes it N times; the seconds it took, and the loss
  memory   computes it once; by how many bytes the process grew at most
"""
import ctypes
import json
import sys
import time

import torch
from torch.nn import functional as F
from train_step import read_safetensors


def status(key):
    """A line of /proc/self/status, in bytes."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(key + ":"))


def main(path, temperature, threads):
    torch.set_num_threads(threads)
    tensors = read_safetensors(path)
    student, teacher = tensors["student"].requires_grad_(True), tensors["teacher"]

    def once():
        soft = F.kl_div(
            F.log_softmax(student / temperature, dim=1), F.log_softmax(teacher / temperature, dim=1), reduction="batchmean", log_target=True
        )
        loss = temperature**2 * soft
        torch.autograd.grad(loss, student)
        return loss

    def run(count):
        start = time.perf_counter()
        for _ in range(count):
            loss = once()
        return {"seconds": time.perf_counter() - start, "loss": loss.item()}

    def memory():
        ctypes.CDLL("libc.so.6").malloc_trim(0)
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
        before = status("VmRSS")
        once()
        return status("VmHWM") - before

    for line in sys.stdin:
        command, *arguments = line.split()
        print(json.dumps(memory() if command == "memory" else run(int(arguments[0]))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))
