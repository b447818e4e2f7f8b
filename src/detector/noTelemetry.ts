/**
 * Switches off the usage telemetry of ONNX Runtime's builds for Linux (seen in 1.30): left on, they keep an identifier of the
 * machine and a data base of events in the user's cache folder and send them to a server of their maker. A vehicle's software
 * must not. Whoever wants it sets `ORT_DISABLE_TELEMETRY=0`.
 *
 * Imported for this effect by every module of the **main thread** that leads to a session: native code reads the environment of
 * the process, and a worker thread only has a copy of it.
 */
process.env.ORT_DISABLE_TELEMETRY ??= '1';
