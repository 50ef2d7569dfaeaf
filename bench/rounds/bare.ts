import express from 'express';

// The yardstick: an Express route that parses the same body and answers a constant.
const app = express();
app.use(express.json());
app.post('/{*path}', (_request, response) => {
  response.status(201).json({ outcome: 'applied', balance: 1_000_000 });
});
app.get('/', (_request, response) => {
  response.json({});
});
app.listen(Number(process.argv[2]), '127.0.0.1');
