// Round numbers for axes.

/** The next number above that is easy to read: 1, 2, 3, 4, 6 or 8 times a power of ten. */
export function niceCeiling(count) {
  if (count <= 0) return 1;
  const size = 10 ** Math.floor(Math.log10(count));
  return [1, 2, 3, 4, 6, 8, 10].map((factor) => factor * size).find((ceiling) => ceiling >= count);
}
