import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';

/** Providers of the guard of `@AdminRoutes()`: each module with such a controller imports this one. */
@Module({ imports: [AuthModule], exports: [AuthModule] })
export class AdminApiModule {}
