// Several statements: helpers stand beside the rule.
const NAMESPACE = 'https://shop.example.com/';

function claim(name) {
  return NAMESPACE + name;
}

function addName(user, context, callback) {
  context.idToken[claim('name')] = user.name;
  callback(null, user, context);
}
