// `node axios_post.cjs NODE_MODULES URL` posts nothing by axios, and prints the status.

const [modules, url] = process.argv.slice(2);
const axios = require(`${modules}/axios`);

axios.post(url).then(
  ({ status }) => console.log(status),
  ({ response, message }) => console.log(response?.status ?? message),
);
