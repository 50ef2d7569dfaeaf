/** What went wrong and the remedy, in words for the person at the terminal: printed without a stack. */
export class Sentence extends Error {}
