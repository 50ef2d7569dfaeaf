/** `late`: booked after the file's time, or told in another file; from the third on they are for finance to resolve. */
export const VERDICTS = ['matched', 'late', 'missing_here', 'missing_there', 'amount_differs'] as const;
export type Verdict = (typeof VERDICTS)[number];
