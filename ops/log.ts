import { pino, type Logger } from 'pino';

export type Log = Logger;

/** A JSON logger for one process. A line is an event's name and its facts: `log.info({ withdrawalId }, 'payout refused')`. */
export const createLog = (part: string, level: string): Log =>
  pino({ level, base: { part, pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime });
