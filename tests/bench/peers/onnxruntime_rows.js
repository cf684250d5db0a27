#!/usr/bin/env node
/*
 * onnxruntime: images a second of ONNX files, in the columns of tests/bench/nets.
 *
 *   onnxruntime_rows.js FOLDER NET...   FOLDER holds NET.onnx (torch_to_onnx.py) and the batches
 *
 * Prints net, fwd, batch, images/s (the median of runs).  BENCH_SECONDS for each row, BENCH_THREADS;
 * ORT is the folder of npm's onnxruntime-node where node does not find it by itself.
 */
'use strict';
const fs = require('fs');
const ort = require(process.env.ORT || 'onnxruntime-node');

const seconds = Number(process.env.BENCH_SECONDS || 4);
const threads = Number(process.env.BENCH_THREADS || 2);

async function rate(images, run) {
	const rates = [];
	await run();
	const end = performance.now() + 1000 * seconds;
	while (rates.length < 3 || performance.now() < end) {
		const begin = performance.now();
		await run();
		rates.push(1000 * images / (performance.now() - begin));
	}
	rates.sort((a, b) => a - b);
	return rates[rates.length >> 1];
}

/* The input's shape is the text's first line: input WIDTHxHEIGHTxCHANNELS. */
function shape(text, batch) {
	const [w, h, c] = /^\s*input\s+(\d+)x(\d+)x(\d+)/m.exec(text).slice(1).map(Number);
	return [batch, c, h, w];
}

async function main(folder, ...nets) {
	const batches = Object.fromEntries(fs.readFileSync(`${folder}/batches.tsv`, 'utf8').trim().split('\n').map((line) => line.split('\t')));
	for (const net of nets) {
		const batch = Number(batches[net]);
		const dims = shape(fs.readFileSync(`${folder}/${net}.net`, 'utf8'), batch);
		const session = await ort.InferenceSession.create(`${folder}/${net}.onnx`,
			{ intraOpNumThreads: threads, graphOptimizationLevel: 'all' });
		const pixels = Float32Array.from({ length: dims.reduce((a, b) => a * b) }, Math.random);
		const x = new ort.Tensor('float32', pixels, dims);
		console.log([net, 'fwd', batch, (await rate(batch, () => session.run({ x }))).toFixed(1)].join('\t'));
	}
}

main(...process.argv.slice(2)).catch((e) => { console.error(`onnxruntime_rows: ${e.message}`); process.exit(1); });
