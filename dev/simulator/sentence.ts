/** What is wrong and where, in words for the person at the terminal: printed without a stack. */
export class Sentence extends Error {}
