async function enrich(user, context, callback) {
  try {
    const response = await fetch(configuration.SERVICE + '/echo', { method: 'POST', body: JSON.stringify({ id: user.user_id }) });
    const { body } = await response.json();
    context.idToken['https://shop.example.com/id'] = body.id;
    callback(null, user, context);
  } catch (error) {
    callback(new Error('enrichment failed'));
  }
}
