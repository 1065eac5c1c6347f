async (user, context, callback) => {
  const { plan } = await Promise.resolve(undefined);
  callback(null, user, context);
}
