import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { AdminKeys } from './admin-keys.js';

/** Providers of the guard of `@AdminRoutes()`. Each module with a controller of the admin API imports this module. */
@Module({ imports: [AuthModule], providers: [AdminKeys], exports: [AuthModule, AdminKeys] })
export class AdminApiModule {}
