function (user, context, callback) {
  global.corpusCounter = (global.corpusCounter || 0) + 1;
  console.log(global.corpusCounter > 0);
  callback(null, user, context);
}
