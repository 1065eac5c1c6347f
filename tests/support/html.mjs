// Just enough of HTML to find forms and links in the pages of the server, which are ours and well-formed.
const entities = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#x27': "'", '#34': '"' };
export const unescape = text => text.replace(/&(#?\w+);/g, (all, name) => entities[name] ?? all);

function attributes(tag) {
  const out = {};
  for (const [, name, , double, single, bare] of tag.matchAll(/([\w-]+)(\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+)))?/g))
    out[name.toLowerCase()] = unescape(double ?? single ?? bare ?? '');
  return out;
}

export function parse(html) {
  const forms = [], links = [];
  for (const [, head, body] of html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi)) {
    const { action = '', method = 'get' } = attributes(head);
    const fields = [];
    for (const [, kind, tag] of body.matchAll(/<(input|button|textarea|select)\b([^>]*)>/gi)) {
      const a = attributes(tag);
      const type = (a.type ?? (kind.toLowerCase() === 'button' ? 'submit' : 'text')).toLowerCase();
      if ('disabled' in a || ((type === 'checkbox' || type === 'radio') && !('checked' in a))) continue;
      fields.push({ name: a.name, value: a.value ?? '', type, submits: type === 'submit', autocomplete: a.autocomplete });
    }
    forms.push({ action, method, fields });
  }
  for (const [, tag] of html.matchAll(/<a\b([^>]*)>/gi)) {
    const { href } = attributes(tag);
    if (href) links.push(href);
  }
  return { forms, links };
}
