function changePhoneNumber(phone, newPhone, verified, callback) {
  if (!newPhone.startsWith('+')) return callback(new ValidationError('invalid_phone', 'not a number'));
  callback(null, verified);
}
