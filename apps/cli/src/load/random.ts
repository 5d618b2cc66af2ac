// The load generator's own random numbers: sfc32 (Chris Doty-Humphrey's small fast chaotic generator),
// seeded from (seed, stream) so that any block of a run can be made again without those before it.

const WORDS = 512;

function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return (x ^ (x >>> 15)) | 0;
}

/** A reproducible sequence of random numbers. The same (seed, stream) gives the same sequence. */
export class Random {
  // Words are made ahead in one tight loop: state in locals is several times faster than in fields.
  readonly #words = new Uint32Array(WORDS);
  #at = WORDS;
  readonly #state = new Int32Array(4);

  /** `seed` is any non-negative safe integer, `stream` an unsigned 32-bit number. */
  constructor(seed: number, stream: number) {
    this.reset(seed, stream);
  }

  /** Starts over as if newly made with (seed, stream). */
  reset(seed: number, stream: number): void {
    const high = Math.floor(seed / 4294967296);
    this.#state[0] = mix(seed >>> 0);
    this.#state[1] = mix(high ^ 0x5bf03635);
    this.#state[2] = mix(stream ^ this.#state[0]);
    this.#state[3] = 1;
    for (let i = 0; i < 3; i++) this.#refill();
    this.#refill();
  }

  /** Next unsigned 32-bit number. */
  next(): number {
    if (this.#at === WORDS) this.#refill();
    return this.#words[this.#at++] as number;
  }

  /** Next number in [0, 1). */
  unit(): number {
    return this.next() / 4294967296;
  }

  /** Next integer in [0, bound); bound at most 2^21, so that the product stays exact. */
  below(bound: number): number {
    return Math.floor((this.next() * bound) / 4294967296);
  }

  /** Next normally distributed number, mean 0, deviation 1 (Box-Muller). For set-up, not hot paths. */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.unit()));
    return radius * Math.cos(2 * Math.PI * this.unit());
  }

  /** Rank in [0, count) with a probability of about 1 / (rank + 1): Zipf's law with exponent 1. */
  zipf(count: number): number {
    return Math.min(count - 1, Math.floor(Math.exp(this.unit() * Math.log(count + 1))) - 1);
  }

  #refill(): void {
    const state = this.#state;
    let a = state[0] as number;
    let b = state[1] as number;
    let c = state[2] as number;
    let counter = state[3] as number;
    const words = this.#words;
    for (let i = 0; i < WORDS; i++) {
      const sum = (a + b + counter) | 0;
      counter = (counter + 1) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (((c << 21) | (c >>> 11)) + sum) | 0;
      words[i] = sum;
    }
    state[0] = a;
    state[1] = b;
    state[2] = c;
    state[3] = counter;
    this.#at = 0;
  }
}
