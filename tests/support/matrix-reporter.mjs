// A reporter for node:test that keeps what each suite showed: [{file, suite, name, ok}] as one JSON text.
import path from 'node:path';

export default async function* matrix(source) {
  const rows = [];
  for await (const event of source) {
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue;
    if (event.data.details?.type === 'suite') continue;
    if (event.data.nesting === 0) continue;
    rows.push({ file: path.basename(event.data.file ?? ''), name: event.data.name, nesting: event.data.nesting,
      ok: event.type === 'test:pass' && !event.data.skip, seconds: event.data.details.duration_ms / 1000 });
  }
  yield JSON.stringify(rows);
}
