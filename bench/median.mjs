/** The median of some values: the upper one of two. */
export const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
