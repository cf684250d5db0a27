#!/usr/bin/python3
"""The same networks as ONNX files for onnxruntime, by PyTorch's own exporter.

    torch_to_onnx.py FOLDER NET...      FOLDER/NET.net -> FOLDER/NET.onnx, fresh weights, fixed batch
"""
import sys
import warnings
import torch
from torch_texts import read

if len(sys.argv) < 3:
    sys.exit(__doc__)
torch.manual_seed(1)
warnings.simplefilter("ignore")  # the exporter warns of what it does itself
for name in sys.argv[2:]:
    net, batch, shape = read(sys.argv[1], name)
    torch.onnx.export(net.eval(), torch.rand(batch, *shape), f'{sys.argv[1]}/{name}.onnx',
                      input_names=['x'], output_names=['y'], opset_version=13)
