// The peer of the capture benchmark: the same job in onnxruntime-node, with the session open and warm.
//
// usage: node capture_loop.js MODEL IMAGES HEADER_BYTES BATCH_SIZE THREADS LENGTH...
//   IMAGES: bytes, one image after the other, behind HEADER_BYTES of header; LENGTH...: the shape of one, as the model takes it
//
// Reads commands from stdin, one a line, and answers each with a line of JSON:
//   run FIRST COUNT OUT   reads the images, scales them to [0, 1], runs the model, appends what it gives to a new file OUT; the seconds
const fs = require("fs");
const readline = require("readline");
const ort = require("onnxruntime-node");

async function main([model, images, headerBytes, batchSize, threads, ...shape]) {
  const session = await ort.InferenceSession.create(model, { intraOpNumThreads: +threads, interOpNumThreads: 1 });
  const [input, output] = [session.inputNames[0], session.outputNames[0]];
  const dims = shape.map(Number);
  const elements = dims.reduce((product, length) => product * length, 1);
  const file = fs.openSync(images, "r");
  const bytes = Buffer.alloc(batchSize * elements);
  const samples = new Float32Array(batchSize * elements);

  async function run(first, count, path) {
    const out = fs.openSync(path, "w");
    for (let row = first; row < first + count; row += +batchSize) {
      const rows = Math.min(batchSize, first + count - row);
      fs.readSync(file, bytes, 0, rows * elements, +headerBytes + row * elements);
      for (let i = 0; i < rows * elements; i++) samples[i] = bytes[i] / 255;
      const batch = new ort.Tensor("float32", samples.subarray(0, rows * elements), [rows, ...dims]);
      const { data } = (await session.run({ [input]: batch }))[output];
      fs.writeSync(out, data);
    }
    fs.fsyncSync(out);
    fs.closeSync(out);
  }

  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [, first, count, path] = line.split(" ");
    const start = process.hrtime.bigint();
    await run(+first, +count, path);
    console.log(JSON.stringify({ seconds: Number(process.hrtime.bigint() - start) / 1e9 }));
  }
}

main(process.argv.slice(2));
