import { ServiceProcess } from './process.js';

afterAll(() => ServiceProcess.endAll());
