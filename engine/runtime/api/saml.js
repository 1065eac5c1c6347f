'use strict';
// api.samlResponse: how a SAML response is made. Its limits: reference section 1.
const { arg, row, text, boolean, oneOf, number, list, orNull } = require('./check.js');
const { byteLength, stringify, isArray } = require('../primordials.js');

const ATTRIBUTES_MAX = 100;
const ATTRIBUTES_BYTES_MAX = 10 * 1024;
const name = text({ max: 1024, empty: false });
const url = text({ max: 2048 });
const short = text({ max: 512 });
const key = text({ max: 4096, empty: false });

const scalar = (value, say) => {
  if (typeof value === 'string') return text({ max: 2048 })(value, say);
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  throw say('must be a string, number, boolean, null or an array of these');
};
const attribute = (value, say) => orNull(isArray(value) ? list(scalar) : scalar)(value, say);

function attributesFit(one, [key, value]) {
  const written = (one.run.samlAttributes ??= { __proto__: null });
  written[key] = value;
  if (Object.keys(written).length > ATTRIBUTES_MAX)
    throw new Error(`api.samlResponse.setAttribute: more than ${ATTRIBUTES_MAX} attributes`);
  if (byteLength(stringify(written)) > ATTRIBUTES_BYTES_MAX)
    throw new Error(`api.samlResponse.setAttribute: more than ${ATTRIBUTES_BYTES_MAX} bytes of attributes`);
}

const setters = {
  setAudience: url,
  setRecipient: url,
  setDestination: url,
  setCreateUpnClaim: boolean,
  setPassthroughClaimsWithNoMapping: boolean,
  setMapUnknownClaimsAsIs: boolean,
  setMapIdentities: boolean,
  setSignatureAlgorithm: oneOf('rsa-sha256', 'rsa-sha1'),
  setDigestAlgorithm: oneOf('sha256', 'sha1'),
  setLifetimeInSeconds: number({ min: 1, integer: true }),
  setSignResponse: boolean,
  setNameIdentifierFormat: short,
  setNameIdentifierProbes: list(short, { max: 10 }),
  setAuthnContextClassRef: short,
  setSigningCert: key,
  setIncludeAttributeNameFormat: boolean,
  setTypedAttributes: boolean,
  setEncryptionCert: key,
  setEncryptionPublicKey: key,
  setEncryptionAlgorithm: oneOf('aes256-cbc', 'aes256-gcm'),
  setCert: key,
  setKey: key,
  setRelayState: url,
  setIssuer: url,
};
const triggers = ['post-login'];
const absent = 'there is no SAML yet: as in every login that is not a SAML one, without effect';

module.exports = [
  row(
    'samlResponse.setAttribute',
    triggers,
    [arg('name', name), arg('value', attribute)],
    'an attribute of the response; null removes it',
    { before: attributesFit, absent },
  ),
  ...Object.entries(setters).map(([setter, check]) =>
    row(`samlResponse.${setter}`, triggers, [arg('value', check)], 'a property of the response', { absent }),
  ),
];
