import type { Origin } from '../contract/audit.ts';
import type { Pool } from './postgres.ts';

export interface AuditFilters {
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  readonly objectKind?: string | undefined;
  readonly objectId?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** The id of the last one of the page before. */
  readonly before?: string | undefined;
  readonly limit: number;
}

export interface AuditRecord extends Origin {
  readonly id: bigint;
  readonly at: Date;
  readonly action: string;
  readonly objectKind: string;
  readonly objectId: string;
  readonly reason: string | null;
  readonly before: object | null;
  readonly after: object | null;
}

/** A page of the audit trail, newest first. */
export async function listAudit(pool: Pool, f: AuditFilters): Promise<AuditRecord[]> {
  const { rows } = await pool.query<AuditRecord>({
    name: 'list_audit',
    text: `select id, at, actor, role, action, object_kind as "objectKind", object_id as "objectId", reason, address, before, after, trace_id as "traceId"
             from audit.records
            where ($1::text is null or actor = $1) and ($2::text is null or action = $2) and ($3::text is null or object_kind = $3)
              and ($4::text is null or object_id = $4) and ($5::timestamptz is null or at >= $5) and ($6::timestamptz is null or at < $6)
              and ($7::bigint is null or id < $7)
            order by id desc limit $8::int`,
    values: [f.actor, f.action, f.objectKind, f.objectId, f.from, f.to, f.before, f.limit],
  });
  return rows;
}
