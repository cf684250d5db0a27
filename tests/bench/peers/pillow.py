#!/usr/bin/python3
"""Pillow: pictures to measure with, and how many of them it reads a second.

    pillow.py png FOLDER N      N small drawings, 105x105 of one bit, a folder for each 20 of them
    pillow.py jpeg FOLDER N     N photographs of 12 megapixels, or what is as hard to decode
    pillow.py rate LIST         pictures/s of the files named in LIST, as grey, by BENCH_THREADS (2) processes
"""
import os
import random
import sys
import time
from multiprocessing import Pool
from PIL import Image, ImageDraw


def png(folder, n):
    random.seed(1)
    for i in range(n):
        image = Image.new('1', (105, 105), 1)
        pen = ImageDraw.Draw(image)
        for _ in range(random.randint(1, 4)):
            points = [(random.randrange(10, 95), random.randrange(10, 95)) for _ in range(3)]
            pen.line(points, fill=0, width=3, joint='curve')
        os.makedirs(f'{folder}/{i // 20:04}', exist_ok=True)
        image.save(f'{folder}/{i // 20:04}/{i % 20:02}.png')


def jpeg(folder, n):
    size = 4000, 3000
    coarse = Image.effect_noise((500, 375), 90).resize(size, Image.BICUBIC)
    middle = Image.effect_noise((2000, 1500), 60).resize(size, Image.BICUBIC)
    fine = Image.effect_noise(size, 12)
    channels = [coarse, Image.blend(coarse, middle, 0.5), Image.blend(middle, fine, 0.3)]
    for i in range(n):
        # no two are alike: other channels, or the other way up
        of = [c.rotate(180) for c in channels] if i % 2 else channels
        Image.merge('RGB', of[i // 2 % 3:] + of[:i // 2 % 3]).save(f'{folder}/{i:02}.jpg', quality=90)


def grey(path):
    with Image.open(path) as image:
        return len(image.convert('L').tobytes())


def rate(path):
    with open(path) as f:
        paths = f.read().split('\n')[:-1]
    with Pool(int(os.environ.get('BENCH_THREADS', 2))) as pool:
        pool.map(grey, paths[:100])
        best = 0
        for _ in range(3):
            begin = time.perf_counter()
            pool.map(grey, paths, chunksize=100)
            best = max(best, len(paths) / (time.perf_counter() - begin))
    print(f'{best:.1f}')


if __name__ == '__main__':
    if len(sys.argv) == 4 and sys.argv[1] in ('png', 'jpeg'):
        (png if sys.argv[1] == 'png' else jpeg)(sys.argv[2], int(sys.argv[3]))
    elif len(sys.argv) == 3 and sys.argv[1] == 'rate':
        rate(sys.argv[2])
    else:
        sys.exit(__doc__)
