// All of it in one process. Each module connects to the bus by itself, as it does in a process of its own.

for (const name of ["payments", "inventory", "orders", "caller"]) await import(`./${name}.js`);
process.exit();
