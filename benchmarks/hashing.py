"""Speed of privacy amplification, of the polynomial hash and of a recorded channel.

Privacy amplification keeps a quarter of its input. One thread; processor time, the faster of two
runs; peak memory of the whole process so far.

    python benchmarks/hashing.py [longest input in bits, default 1e7]
"""

import resource
import sys
from collections.abc import Callable
from time import process_time

import numpy as np

from noclone.core.secrets import SystemSecrets
from noclone.distil.authentication import Tag, TranscriptChannel
from noclone.distil.key_pool import pools_in_memory
from noclone.distil.messages import Message
from noclone.hashing import integer, modified_toeplitz, toeplitz
from noclone.hashing.polynomial import SEED_BYTES, digest_of

TRANSCRIPT_BYTES = 10**8


class Nowhere:
    """A channel that forgets what is sent."""

    def send(self, message: Message) -> None:
        pass

    def receive(self, kind: type) -> Message:
        raise NotImplementedError


def seconds(work: Callable[[], object]) -> float:
    """Return the processor time of the faster of two runs."""
    times = []
    for _ in range(2):
        start = process_time()
        work()
        times.append(process_time() - start)
    return min(times)


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def main() -> None:
    """Print the table."""
    longest = int(float(sys.argv[1])) if len(sys.argv) > 1 else 10**7
    generator = np.random.default_rng(1)
    print(f"{'hash':18} {'input':>10} {'seconds':>8} {'speed':>14} {'peak MB':>8}")
    for module in (integer, toeplitz, modified_toeplitz):
        bits = 10**5
        while bits <= longest:
            output = bits // 4
            packed = generator.integers(0, 256, bits // 8, dtype=np.uint8)
            seed = generator.bytes(-(-module.seed_bits(bits, output) // 8))
            time = seconds(
                lambda module=module, packed=packed, bits=bits, output=output, seed=seed: module.extract(
                    packed, bits, output, seed
                )
            )
            speed = f"{bits / time / 1e6:.1f} Mbit/s"
            print(
                f"{module.NAME:18} {bits:10.0e} {time:8.3f} {speed:>14} {peak_megabytes():8.0f}", flush=True
            )
            bits *= 10
    message = generator.bytes(TRANSCRIPT_BYTES)
    time = seconds(lambda: digest_of(bytes(SEED_BYTES), message))
    speed = f"{TRANSCRIPT_BYTES / time / 1e6:.0f} MB/s"
    print(f"{'polynomial':18} {8 * TRANSCRIPT_BYTES:10.0e} {time:8.3f} {speed:>14}")
    channel = TranscriptChannel(Nowhere(), pools_in_memory(1, SystemSecrets())[0], SystemSecrets())
    for size in (10**2, 10**6):
        count = TRANSCRIPT_BYTES // size // 10
        tag = Tag(bytes(size))
        time = seconds(lambda tag=tag, count=count: [channel.send(tag) for _ in range(count)])
        speed = f"{count * size / time / 1e6:.0f} MB/s"
        what = f"channel, {size:.0e} B"
        print(f"{what:18} {8 * count * size:10.0e} {time:8.3f} {speed:>14}")


if __name__ == "__main__":
    main()
